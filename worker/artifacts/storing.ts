import { AsyncDiffError } from '../../common/errors/index.js';

/** What the file system refuses, as an error that says what is wrong with the disk. */
export async function storing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof AsyncDiffError || code === '') throw error;
    throw new AsyncDiffError('cache_unwritable', `cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
