import { readFile, stat } from 'node:fs/promises';
import { AsyncDiffError } from './errors/index.js';

/**
 * The bytes of a file that a user names. What the file system says passes as it is.
 * @throws AsyncDiffError `file_unreadable` for a device, which may have no end (`/dev/zero`), and for a pipe, whose writer may never come
 */
export async function readWhole(path: string): Promise<Buffer> {
  const stats = await stat(path);
  if (stats.isCharacterDevice() || stats.isBlockDevice())
    throw new AsyncDiffError('file_unreadable', `${path} is a device, not a file`);
  if (stats.isFIFO() || stats.isSocket())
    throw new AsyncDiffError('file_unreadable', `${path} is a pipe, not a file`, {
      hint: 'Write what comes out of it to a file, and give that.',
    });
  return await readFile(path);
}
