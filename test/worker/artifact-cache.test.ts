import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArtifactCache } from '../../worker/conversation/artifact-cache.js';
import { tempFolder } from '../support/temp-folder.js';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function store(cache: ArtifactCache, bytes: Uint8Array, chunkBytes: number, name = sha256Of(bytes)) {
  for (let at = 0; ; at += chunkBytes) {
    const last = at + chunkBytes >= bytes.length;
    const whole = await cache.write(name, at, bytes.subarray(at, at + chunkBytes), last);
    expect(whole !== undefined).toBe(last);
    if (last) return;
  }
}

describe('ArtifactCache', () => {
  it('keeps what arrives in chunks of any size, byte for byte', async () => {
    const dir = join(tempFolder(), 'cache');
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 500 }),
        fc.integer({ min: 1, max: 200 }),
        async (bytes, size) => {
          const cache = new ArtifactCache(dir);
          await store(cache, bytes, size);
          await expect(cache.find(sha256Of(bytes))).resolves.toMatchObject({
            path: cache.path(sha256Of(bytes)),
          });
          expect(readFileSync(cache.path(sha256Of(bytes))).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
    expect(readdirSync(dir).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('throws away what has not the hash that it was announced with', async () => {
    const dir = tempFolder();
    const cache = new ArtifactCache(dir);
    const name = sha256Of(randomBytes(8));
    await expect(store(cache, randomBytes(100), 30, name)).rejects.toMatchObject({
      code: 'worker_failed',
      message: expect.stringContaining('damaged'),
    });
    await expect(cache.find(name)).resolves.toBeUndefined();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('throws away a transfer with a hole, and takes the next one from the start', async () => {
    const dir = tempFolder();
    const cache = new ArtifactCache(dir);
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    await cache.write(name, 0, bytes.subarray(0, 10), false);
    await expect(cache.write(name, 20, bytes.subarray(20), true)).rejects.toMatchObject({
      code: 'worker_failed',
    });
    expect(readdirSync(dir)).toEqual([]);
    await store(cache, bytes, 64);
    await expect(cache.find(name)).resolves.toMatchObject({ path: cache.path(name) });
  });

  it('leaves nothing of an unfinished transfer, and two workers do not disturb each other', async () => {
    const dir = tempFolder();
    const [first, second] = [new ArtifactCache(dir), new ArtifactCache(dir)];
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    await first.write(name, 0, bytes.subarray(0, 50), false);
    await store(second, bytes, 40);
    await expect(second.find(name)).resolves.toMatchObject({ path: second.path(name) });
    await first.close();
    expect(readdirSync(dir).filter((file) => file !== 'hashes')).toEqual([name]);
  });

  it('does not give out what was changed on disk', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    await store(new ArtifactCache(dir), bytes, 100);
    const damaged = Buffer.from(bytes);
    damaged[50] = (damaged[50] ?? 0) ^ 1;
    writeFileSync(join(dir, name), damaged);
    await expect(new ArtifactCache(dir).find(name)).resolves.toBeUndefined();
    expect(existsSync(join(dir, name))).toBe(false);
  });

  it('confirms ranges of files elsewhere, and none of a file that is short, missing or different', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(100);
    const path = join(dir, 'weights.bin');
    writeFileSync(path, bytes);
    const range = (offsetBytes: number, lengthBytes: number, file = path) => ({
      path: file,
      offsetBytes,
      lengthBytes,
    });
    const name = sha256Of(bytes.subarray(10, 30));
    const cache = new ArtifactCache(join(dir, 'cache'));
    expect(await cache.confirm(new Map([[name, range(10, 20)]]))).toEqual(new Map([[name, range(10, 20)]]));
    for (const other of [range(11, 20), range(90, 20), range(10, 20, `${path}.none`)])
      expect((await cache.confirm(new Map([[name, other]]))).size).toBe(0);
    writeFileSync(path, randomBytes(100));
    expect((await cache.confirm(new Map([[name, range(10, 20)]]))).size).toBe(0);
  });

  it('refuses names that are no hashes: they become paths', () => {
    const cache = new ArtifactCache('/nowhere');
    for (const name of ['../../etc/passwd', '', 'A'.repeat(64), 'a'.repeat(63)])
      expect(() => cache.path(name)).toThrowError(expect.objectContaining({ code: 'invalid_input' }));
    expect(existsSync('/nowhere')).toBe(false);
  });
});
