import { AsyncDiffError } from './errors/index.js';

/** Of a disk whichever file was meant: full, over its quota, read-only. */
export const DISK_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** What the file system refuses below a folder that this program writes to, as `cache_unwritable`; undefined for any other error. */
export function diskError(error: unknown, folder: string): AsyncDiffError | undefined {
  if (!(error instanceof Error) || error instanceof AsyncDiffError) return undefined;
  const { code = '', path = '' } = error as NodeJS.ErrnoException;
  if (!DISK_CODES.has(code) && (code === '' || !path.startsWith(folder))) return undefined;
  return new AsyncDiffError('cache_unwritable', `cannot write to ${folder}: ${error.message}`, {
    cause: error,
  });
}
