import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
    expect(whole).toBe(last);
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
          expect(cache.has(sha256Of(bytes))).toBe(true);
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
    expect(cache.has(name)).toBe(false);
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
    expect(cache.has(name)).toBe(true);
  });

  it('leaves nothing of an unfinished transfer, and two workers do not disturb each other', async () => {
    const dir = tempFolder();
    const [first, second] = [new ArtifactCache(dir), new ArtifactCache(dir)];
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    await first.write(name, 0, bytes.subarray(0, 50), false);
    await store(second, bytes, 40);
    expect(second.has(name)).toBe(true);
    await first.close();
    expect(readdirSync(dir)).toEqual([`${name}.onnx`]);
  });

  it('refuses names that are no hashes: they become paths', () => {
    const cache = new ArtifactCache('/nowhere');
    for (const name of ['../../etc/passwd', '', 'A'.repeat(64), 'a'.repeat(63)])
      expect(() => cache.path(name)).toThrowError(expect.objectContaining({ code: 'invalid_input' }));
    expect(existsSync('/nowhere')).toBe(false);
  });
});
