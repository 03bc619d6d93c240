import type { CommanderError } from 'commander';
import { AsyncDiffError } from '../common/errors/index.js';

/** Says what went wrong and what to do about it; the process's exit code. */
export function printError(
  error: unknown,
  stderr: { write(text: string): unknown },
  verbose: boolean,
): number {
  const own = AsyncDiffError.from(error);
  stderr.write(`error: ${own.message}\n`);
  stderr.write(`hint: ${own.hint}\n`);
  stderr.write(`docs: docs/reference/errors.md#${own.code}\n`);
  if (verbose || own.code === 'internal') {
    for (let cause: unknown = own; cause instanceof Error; cause = cause.cause)
      stderr.write(`${cause.stack ?? cause.message}\n`);
  }
  return own.exitCode;
}

/** What commander found wrong with the command line, as an error of ours: its text in one line, without its "error: ". */
export function usageError({ message }: CommanderError): AsyncDiffError {
  return new AsyncDiffError('usage', message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '));
}
