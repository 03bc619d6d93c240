import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { PartFiles } from './part-file.js';
import { ArtifactUses } from './uses.js';

/** Bytes that a cache may hold where `--cache-max-gb` is not given. */
export const DEFAULT_CACHE_MAX_BYTES = 100e9;
/** Bytes that are left free on the disk beside what is to come: a full disk fails other programs too. */
const SPARE_BYTES = 64 << 20;
const SHA256 = /^[0-9a-f]{64}$/;

/** An artifact in the cache. */
interface CachedArtifact {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly lastUsed: Date;
  readonly isInUse: boolean;
}

/** What the folder of a cache holds, the least recently used first; and bytes of transfers that are not whole. */
export async function listCache(
  dir: string,
): Promise<{ readonly artifacts: readonly CachedArtifact[]; readonly partBytes: number }> {
  const used = await new ArtifactUses(join(dir, 'uses')).all();
  const artifacts: CachedArtifact[] = [];
  for (const sha256 of (await readdir(dir).catch(() => [])).filter((name) => SHA256.test(name))) {
    const stats = await stat(join(dir, sha256)).catch(() => undefined);
    if (stats === undefined) continue;
    artifacts.push({ sha256, sizeBytes: stats.size, lastUsed: stats.atime, isInUse: used.has(sha256) });
  }
  artifacts.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  return { artifacts, partBytes: await new PartFiles(join(dir, 'parts')).sweep() };
}

/** Deletes the least recently used artifacts that nobody uses, until no more than `maxBytes` are kept. Returns what was deleted, bytes. */
export async function pruneCache(dir: string, maxBytes: number): Promise<number> {
  const { artifacts } = await listCache(dir);
  let keptBytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let deletedBytes = 0;
  for (const { sha256, sizeBytes, isInUse } of artifacts) {
    if (keptBytes <= maxBytes) break;
    if (isInUse) continue;
    await rm(join(dir, sha256), { force: true });
    keptBytes -= sizeBytes;
    deletedBytes += sizeBytes;
  }
  return deletedBytes;
}

/**
 * Makes room for artifacts that are to come, beside those that are in use.
 *
 * @param ownBytes of the same part that are here already
 * @throws AsyncDiffError `cache_unwritable` where the limit, or the disk, has not got it: nothing was sent yet
 */
export async function makeRoom(
  dir: string,
  maxBytes: number,
  neededBytes: number,
  ownBytes: number,
): Promise<void> {
  const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  if (neededBytes + ownBytes > maxBytes)
    throw new AsyncDiffError(
      'cache_unwritable',
      `this part has ${gb(neededBytes + ownBytes)} of weights, the cache in ${dir} may hold ${gb(maxBytes)}`,
      { hint: 'Start the worker with a larger --cache-max-gb, or use more components.' },
    );
  await pruneCache(dir, maxBytes - neededBytes);
  const lackingBytes = neededBytes + SPARE_BYTES - (await freeBytes(dir));
  if (lackingBytes <= 0) return;
  // Within the limit, and the disk is full: artifacts that nobody uses are deleted.
  const { artifacts } = await listCache(dir);
  const keptBytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if ((await pruneCache(dir, Math.max(0, keptBytes - lackingBytes))) >= lackingBytes) return;
  throw new AsyncDiffError(
    'cache_unwritable',
    `${gb(neededBytes)} of weights are to come, and the disk of ${dir} has ${gb(await freeBytes(dir))} free`,
  );
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}
