import { readFile } from 'node:fs/promises';
import { AsyncDiffError } from '../common/errors/index.js';

/** A text file. Throws `file_not_found`, `file_unreadable`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AsyncDiffError(
      missing ? 'file_not_found' : 'file_unreadable',
      missing ? `there is no file ${path}` : `cannot read ${path}: ${String(error)}`,
      { cause: error },
    );
  }
}
