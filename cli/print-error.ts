import { join } from 'node:path';
import type { CommanderError } from 'commander';
import { AsyncDiffError } from '../common/errors/index.js';
import { packageRoot } from '../common/package.js';

/** Says what went wrong and what to do about it; the process's exit code. */
export function printError(
  error: unknown,
  stderr: { write(text: string): unknown },
  verbose: boolean,
): number {
  const own = AsyncDiffError.from(error);
  stderr.write(`error: ${own.message}\n`);
  stderr.write(`hint: ${withPaths(own.hint)}\n`);
  stderr.write(`docs: ${withPaths('docs/reference/errors.md')}#${own.code}\n`);
  if (verbose || own.code === 'internal') {
    for (let cause: unknown = own; cause instanceof Error; cause = cause.cause)
      stderr.write(`${cause.stack ?? cause.message}\n`);
  }
  return own.exitCode;
}

/** Pages of the documentation where they lie in this installation: a path from its root leads nowhere from another folder. */
function withPaths(text: string): string {
  return text.replace(/\bdocs\/[\w/-]+\.md\b/g, (page) => join(packageRoot, page));
}

/** What commander found wrong with the command line, as an error of ours: its text in one line, without its "error: ". */
export function usageError({ message }: CommanderError): AsyncDiffError {
  return new AsyncDiffError('usage', message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '));
}
