import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { temporaryName } from './temporary-file.js';

/**
 * Writes a file that is there as a whole or not at all: beside its place, then moved there. Throws as `writeFile` does, and then leaves nothing.
 * @param mode of the new file; the process's default where left out
 */
export async function writeWhole(path: string, content: Uint8Array | string, mode?: number): Promise<void> {
  await makeWhole(path, (temporary) => writeFile(temporary, content, mode === undefined ? {} : { mode }));
}

/** The same for whatever writes the file that it is told to. */
export async function makeWhole(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** `writeWhole` for who may block. */
export function writeWholeSync(path: string, content: Uint8Array | string): void {
  const temporary = temporaryName(path);
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
