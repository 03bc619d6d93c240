import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArtifactCache, listCache, pruneCache } from '../../worker/artifacts/index.js';
import { tempFolder } from '../support/temp-folder.js';

/** Artifacts of so many bytes, used in this order; their names. */
async function filled(dir: string, sizes: readonly number[]): Promise<string[]> {
  mkdirSync(dir, { recursive: true });
  const names: string[] = [];
  for (const [at, size] of sizes.entries()) {
    const bytes = randomBytes(size);
    const name = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(dir, name), bytes);
    await utimes(join(dir, name), 1_000 + at, 1_000 + sizes.length - at);
    names.push(name);
  }
  return names;
}

describe('the room of a cache', () => {
  it('is made by deleting what was used longest ago, however old the files are, and never what is in use', async () => {
    const dir = join(tempFolder(), 'cache');
    const [a = '', b = '', c = '', d = ''] = await filled(dir, [100, 100, 100, 100]);
    const cache = new ArtifactCache(dir, 400);
    // Using it makes it the youngest.
    await cache.find(a);
    const release = await cache.use([b]);
    await cache.reserve(150, 0);
    expect([a, b, c, d].filter((name) => existsSync(join(dir, name)))).toEqual([a, b]);
    await release();
    await cache.reserve(350, 0);
    expect([a, b].filter((name) => existsSync(join(dir, name)))).toEqual([]);
  });

  it('a part that the limit has no room for is refused with both figures, and nothing is deleted for it', async () => {
    const dir = join(tempFolder(), 'cache');
    await filled(dir, [100]);
    const cache = new ArtifactCache(dir, 1_000_000_000);
    await expect(cache.reserve(900_000_000, 300_000_000)).rejects.toMatchObject({
      code: 'cache_unwritable',
      message: expect.stringMatching(/1\.20 GB.*1\.00 GB/),
      hint: expect.stringContaining('--cache-max-gb'),
    });
    expect((await listCache(dir)).artifacts.length).toBe(1);
  });

  it('a disk that has not got it is told before anything is sent', async () => {
    const cache = new ArtifactCache(join(tempFolder(), 'cache'), Number.MAX_SAFE_INTEGER);
    await expect(cache.reserve(2 ** 50, 0)).rejects.toMatchObject({
      code: 'cache_unwritable',
      message: expect.stringContaining('free'),
    });
  });

  it('notes of processes that have ended do not count, and go', async () => {
    const dir = join(tempFolder(), 'cache');
    const [name = ''] = await filled(dir, [100]);
    const release = await new ArtifactCache(dir).use([name]);
    const [note = ''] = readdirSync(join(dir, 'uses'));
    expect((await listCache(dir)).artifacts[0]?.isInUse).toBe(true);
    expect(await pruneCache(dir, 0)).toBe(0);
    await release();
    writeFileSync(join(dir, 'uses', note.replace(String(process.pid), '999999999')), name);
    expect((await listCache(dir)).artifacts[0]?.isInUse).toBe(false);
    expect(readdirSync(join(dir, 'uses'))).toEqual([]);
    expect(await pruneCache(dir, 0)).toBe(100);
  });
});
