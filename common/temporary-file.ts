import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A name for a file on its way to `path`, beside it; it tells whose it is. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
}

/** Deletes what a process that was killed had not finished in a folder. */
export function sweepTemporaries(folder: string, pid: number): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // No folder, nothing in it.
    return;
  }
  for (const name of names)
    if (name.endsWith('.tmp') && name.includes(`.${pid}.`)) rmSync(join(folder, name), { force: true });
}
