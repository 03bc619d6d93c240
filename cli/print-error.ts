import { join } from 'node:path';
import type { CommanderError } from 'commander';
import { DISK_CODES } from '../common/disk-error.js';
import { AsyncDiffError, type ErrorCode, ERRORS } from '../common/errors/index.js';
import { packageRoot } from '../common/package.js';
import { printable } from './printable.js';

/**
 * Says what went wrong and what to do about it; the process's exit code.
 * @param command as it is called, for the hint where nothing more exact is known
 */
export function printError(
  error: unknown,
  stderr: { write(text: string): unknown },
  { verbose, command = 'asyncdiff' }: { readonly verbose: boolean; readonly command?: string },
): number {
  const own = ofPath(error) ?? AsyncDiffError.from(error);
  const isUsual = own.code === 'usage' && own.hint === ERRORS.usage.hint;
  const hint = isUsual ? `See \`${command} --help\` for the options.` : own.hint;
  stderr.write(`error: [${own.code}] ${printable(own.rawMessage)}\n`);
  stderr.write(`hint: ${printable(withPaths(hint))}\n`);
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
export function usageError({ message, code }: CommanderError): AsyncDiffError {
  const text = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  const isSplit = code === 'commander.excessArguments';
  return new AsyncDiffError('usage', text, {
    hint: isSplit
      ? 'Put one value that has spaces in quotes, as in asyncdiff generate "red apple", and give one at a time.'
      : undefined,
  });
}

/** What Node and the system say of a path, by their codes. */
const OF_PATHS: ReadonlyMap<unknown, ErrorCode> = new Map([
  ['ENOENT', 'file_not_found'],
  ['ENOTDIR', 'file_not_found'],
  ['ENAMETOOLONG', 'file_not_found'],
  // With a NUL in it.
  ['ERR_INVALID_ARG_VALUE', 'file_not_found'],
  ['ELOOP', 'file_unreadable'],
  ['EISDIR', 'file_unreadable'],
  ['EACCES', 'file_unreadable'],
  ['EPERM', 'file_unreadable'],
]);

/** In a command's own process what nobody else explained is about a path that was given. */
function ofPath(error: unknown): AsyncDiffError | undefined {
  if (error instanceof AsyncDiffError && error.code !== 'internal') return undefined;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code, path, message } = cause as NodeJS.ErrnoException;
    if (DISK_CODES.has(code ?? ''))
      return new AsyncDiffError('file_unreadable', `a file cannot be written: ${message}`, {
        cause: error,
        hint: 'Make room on the disk, or name a place on another one.',
      });
    const known = OF_PATHS.get(code);
    const isPath = path !== undefined || /null bytes/.test(message);
    if (known !== undefined && isPath) return new AsyncDiffError(known, message, { cause: error });
  }
  return undefined;
}
