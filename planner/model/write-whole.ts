import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { temporaryName } from '../../common/temporary-file.js';

/** A file that is there as a whole, or not at all. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
