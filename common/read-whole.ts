import { readFile, stat } from 'node:fs/promises';
import { AsyncDiffError } from './errors/index.js';

/**
 * The bytes of a file that a user names. What the file system says passes as it is.
 * @throws AsyncDiffError `file_unreadable` for a device: `/dev/zero` has no end
 */
export async function readWhole(path: string): Promise<Buffer> {
  const stats = await stat(path);
  if (stats.isCharacterDevice() || stats.isBlockDevice())
    throw new AsyncDiffError('file_unreadable', `${path} is a device, not a file`);
  return await readFile(path);
}
