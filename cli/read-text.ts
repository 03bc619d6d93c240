import { AsyncDiffError } from '../common/errors/index.js';
import { readWhole } from '../common/read-whole.js';

/** A text file. Throws `file_not_found`, `file_unreadable`. */
export async function readText(path: string): Promise<string> {
  try {
    return (await readWhole(path)).toString('utf8');
  } catch (error) {
    if (error instanceof AsyncDiffError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AsyncDiffError(
      missing ? 'file_not_found' : 'file_unreadable',
      missing ? `there is no file ${path}` : `cannot read ${path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
