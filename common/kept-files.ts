import { utimesSync } from 'node:fs';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { writeWhole } from './write-whole.js';

/** What a process did not finish for so long it does not finish any more. */
const STALE_MS = 3_600_000;

/** A file of a folder in which results are kept for whoever asks the same again. */
export interface KeptFile {
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly lastUsed: Date;
}

/** What a folder may hold. */
interface KeptLimits {
  readonly maxBytes?: number | undefined;
  readonly maxFiles?: number | undefined;
  /** What was used since then stays, whatever the limits say. */
  readonly unusedForMs?: number | undefined;
}

/** The finished files of a folder, the least recently used first; none where there is no folder. */
export async function listKept(folder: string): Promise<KeptFile[]> {
  const files = await Promise.all(
    (await readdir(folder).catch(() => [])).map(async (name): Promise<KeptFile[]> => {
      const path = join(folder, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats === undefined || !stats.isFile()) return [];
      if (!name.endsWith('.tmp')) return [{ path, name, sizeBytes: stats.size, lastUsed: stats.mtime }];
      if (Date.now() - stats.mtimeMs > STALE_MS) await rm(path, { force: true });
      return [];
    }),
  );
  return files.flat().sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
}

/** Deletes the least recently used until no more is kept than the limits say. Returns what was deleted, bytes. */
export async function pruneKept(
  folder: string,
  { maxBytes = Number.POSITIVE_INFINITY, maxFiles = Number.POSITIVE_INFINITY, unusedForMs = 0 }: KeptLimits,
): Promise<number> {
  const all = await listKept(folder);
  let keptBytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let kept = all.length;
  let deletedBytes = 0;
  for (const { path, sizeBytes, lastUsed } of all) {
    if (keptBytes <= maxBytes && kept <= maxFiles) break;
    // The others were used still later.
    if (unusedForMs > 0 && Date.now() - lastUsed.getTime() < unusedForMs) break;
    await rm(path, { force: true });
    keptBytes -= sizeBytes;
    kept -= 1;
    deletedBytes += sizeBytes;
  }
  return deletedBytes;
}

/** Writes a file, whole or not at all, and makes room for it. Throws as `writeFile` does. */
export async function keepFile(path: string, text: string, limits: KeptLimits): Promise<void> {
  await makeFolder(dirname(path));
  await writeWhole(path, text);
  await pruneKept(dirname(path), limits);
}

/** It was used now; best effort. */
export async function touchKept(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/** The same for who cannot wait. */
export function touchKeptSync(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // It is the first to go, then.
  }
}
