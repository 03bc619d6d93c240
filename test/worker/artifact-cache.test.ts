import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArtifactCache } from '../../worker/artifacts/index.js';
import { tempFolder } from '../support/temp-folder.js';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes what is missing, in pieces, up to `until`; what the last write resolved to. */
async function arrive(
  cache: ArtifactCache,
  bytes: Uint8Array,
  { chunkBytes = 64, until = bytes.length, sha256 = sha256Of(bytes) } = {},
) {
  const incoming = await cache.begin(sha256, bytes.length);
  const from = incoming.offsetBytes;
  let result: Awaited<ReturnType<typeof incoming.write>>;
  for (let at = from; at < until; at += chunkBytes)
    result = await incoming.write(at, bytes.subarray(at, Math.min(until, at + chunkBytes)));
  await incoming.keep();
  return { from, result };
}

describe('ArtifactCache', () => {
  it('keeps what arrives in chunks of any size, cut at any point, byte for byte', async () => {
    const dir = join(tempFolder(), 'cache');
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        fc.integer({ min: 1, max: 200 }),
        fc.nat(500),
        async (bytes, chunkBytes, cutAt) => {
          const name = sha256Of(bytes);
          const until = Math.min(cutAt, bytes.length - 1);
          if (!existsSync(join(dir, name)))
            await arrive(new ArtifactCache(dir), bytes, { chunkBytes, until });
          const cache = new ArtifactCache(dir);
          const { from, result } = await arrive(cache, bytes, { chunkBytes });
          if (from > 0) expect(from).toBe(until);
          expect(result).toMatchObject({ path: cache.path(name), lengthBytes: bytes.length });
          expect(await cache.find(name)).toEqual(result);
          expect(readFileSync(cache.path(name)).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
    expect(readdirSync(join(dir, 'parts'))).toEqual([]);
  });

  it('what arrives damaged leaves nothing', async () => {
    const dir = tempFolder();
    const cache = new ArtifactCache(dir);
    const [bytes, other] = [randomBytes(100), randomBytes(100)];
    expect((await arrive(cache, other, { sha256: sha256Of(bytes) })).result).toBe('damaged');
    expect(readdirSync(join(dir, 'parts'))).toEqual([]);
    expect(await cache.find(sha256Of(bytes))).toBeUndefined();
    expect((await arrive(cache, bytes)).from).toBe(0);
  });

  it('a part that was changed on disk is found out when it is whole', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(100);
    await arrive(new ArtifactCache(dir), bytes, { until: 64 });
    const [part = ''] = readdirSync(join(dir, 'parts'));
    writeFileSync(join(dir, 'parts', part), randomBytes(64));
    expect(await arrive(new ArtifactCache(dir), bytes)).toEqual({ from: 64, result: 'damaged' });
  });

  it('two that write one artifact at once do not meet: what one has kept the next goes on with', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    const [a, b] = [new ArtifactCache(dir), new ArtifactCache(dir)];
    const first = await a.begin(name, 100);
    await first.write(0, bytes.subarray(0, 50));
    const second = await b.begin(name, 100);
    expect(second.offsetBytes).toBe(0);
    await second.write(0, bytes.subarray(0, 30));
    await first.keep();
    await second.keep();
    expect((await arrive(a, bytes)).from).toBeGreaterThan(0);
    // Of a process that is still there, it is its own.
    writeFileSync(join(dir, 'parts', `${name}.${'0'.repeat(8)}.1.aa`), bytes.subarray(0, 10));
    expect((await b.begin(name, 100)).offsetBytes).not.toBe(10);
  });

  it('bytes out of order, or more than there are, are refused', async () => {
    const cache = new ArtifactCache(tempFolder());
    const incoming = await cache.begin(sha256Of(randomBytes(3)), 10);
    await expect(incoming.write(5, randomBytes(5))).rejects.toMatchObject({ code: 'worker_failed' });
    await expect(incoming.write(0, randomBytes(11))).rejects.toMatchObject({ code: 'worker_failed' });
    await incoming.discard();
  });

  it('does not believe a file that was changed on disk, before or after it was read', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(1000);
    const name = sha256Of(bytes);
    const first = new ArtifactCache(dir);
    await arrive(first, bytes);
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(500) ^ 1, 500);
    writeFileSync(first.path(name), damaged);
    expect(await first.find(name)).toBeUndefined();
    expect(existsSync(first.path(name))).toBe(false);
    await arrive(first, bytes);
    expect(await first.find(name)).toBeDefined();
    writeFileSync(first.path(name), damaged);
    expect(await new ArtifactCache(dir).find(name)).toBeUndefined();
  });

  it('reads a file once in a process, and again in the next: a disk that has changed it tells nobody', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(1000);
    const name = sha256Of(bytes);
    await arrive(new ArtifactCache(dir), bytes);
    const next = new ArtifactCache(dir);
    const read: number[] = [];
    for (let time = 0; time < 3; time++) await next.find(name, (count) => read.push(count));
    expect([read, await next.uncheckedBytes(name)]).toEqual([[1000], 0]);
  });

  it('sweeps what nobody went on with for a day, and nothing else', async () => {
    const dir = tempFolder();
    mkdirSync(join(dir, 'parts'));
    const names = ['old', 'new'].map((each) => `parts/${sha256Of(Buffer.from(each))}.x.1.aa`);
    for (const name of [...names, 'a.part', 'kept']) writeFileSync(join(dir, name), '');
    for (const name of [names[0] as string, 'kept']) utimesSync(join(dir, name), 1, 1);
    await new ArtifactCache(dir).sweep();
    expect(readdirSync(dir).sort()).toEqual(['kept', 'parts']);
    expect(readdirSync(join(dir, 'parts'))).toEqual([names[1]?.slice('parts/'.length)]);
    await new ArtifactCache(join(dir, 'not there')).sweep();
  });

  it('says what is wrong with the disk', async () => {
    const dir = tempFolder();
    writeFileSync(join(dir, 'file'), '');
    const cache = new ArtifactCache(join(dir, 'file', 'below'));
    await expect(cache.begin('a'.repeat(64), 10)).rejects.toMatchObject({ code: 'cache_unwritable' });
  });

  it('refuses names that are no hashes: they become paths', () => {
    const cache = new ArtifactCache('/nowhere');
    for (const name of ['../../etc/passwd', '', 'A'.repeat(64), 'a'.repeat(63)])
      expect(() => cache.path(name)).toThrowError(expect.objectContaining({ code: 'invalid_input' }));
    expect(existsSync('/nowhere')).toBe(false);
  });
});
