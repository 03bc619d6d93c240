import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArtifactCache } from '../../worker/conversation/artifact-cache.js';
import { IncomingArtifacts } from '../../worker/conversation/incoming-artifacts.js';
import { tempFolder } from '../support/temp-folder.js';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function chunksOf(bytes: Uint8Array, chunkBytes: number, sha256 = sha256Of(bytes)) {
  return Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) => {
    const offsetBytes = index * chunkBytes;
    const data = bytes.subarray(offsetBytes, offsetBytes + chunkBytes);
    return { sha256, offsetBytes, data, last: offsetBytes + chunkBytes >= bytes.length };
  });
}

/** Takes a whole transfer; whether it was the last that was waited for. */
async function store(incoming: IncomingArtifacts, ...given: Parameters<typeof chunksOf>): Promise<boolean> {
  let isAll = false;
  for (const chunk of chunksOf(...given)) isAll = await incoming.take(chunk);
  return isAll;
}

function waitingFor(cache: ArtifactCache, ...names: string[]): IncomingArtifacts {
  const incoming = new IncomingArtifacts(cache, () => undefined);
  incoming.expect(names);
  return incoming;
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
          const name = sha256Of(bytes);
          expect(await store(waitingFor(cache, name), bytes, size)).toBe(true);
          expect(await cache.find(name)).toMatchObject({ path: cache.path(name), lengthBytes: bytes.length });
          expect(readFileSync(cache.path(name)).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
    expect(readdirSync(dir).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('a damaged transfer leaves nothing, is asked for once more, and then fails', async () => {
    const dir = tempFolder();
    const cache = new ArtifactCache(dir);
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    const incoming = waitingFor(cache, name);
    for (let time = 0; time < 2; time++) {
      expect(await store(incoming, randomBytes(100), 30, name)).toBe(false);
      expect([incoming.takeDamaged(), readdirSync(dir)]).toEqual([[name], []]);
    }
    await expect(store(incoming, randomBytes(100), 30, name)).rejects.toMatchObject({
      code: 'worker_failed',
      message: expect.stringContaining('damaged'),
    });
    expect(await store(incoming, bytes, 30)).toBe(true);
  });

  it('a transfer that was cut short does not spoil the next: that begins at the start, or is another one', async () => {
    const dir = tempFolder();
    const cache = new ArtifactCache(dir);
    const bytes = randomBytes(100);
    const name = sha256Of(bytes);
    const [first] = chunksOf(bytes, 30);
    const cut = waitingFor(cache, name);
    if (first !== undefined) await cut.take(first);
    // The same deployment is sent it anew; another one has its own.
    expect(await store(cut, bytes, 64)).toBe(true);
    const left = waitingFor(cache, name);
    if (first !== undefined) await left.take(first);
    expect(await store(waitingFor(cache, name), bytes, 10)).toBe(true);
    await left.close();
    expect(readdirSync(dir).filter((file) => file !== 'hashes')).toEqual([name]);
  });

  it('chunks that nobody waits for, or that come after the end, do nothing', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(10);
    const incoming = waitingFor(new ArtifactCache(dir), sha256Of(randomBytes(3)));
    expect(await store(incoming, bytes, 10)).toBe(false);
    await incoming.close();
    expect(await store(incoming, bytes, 10)).toBe(false);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('does not believe a file that was changed on disk, before or after it was read', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(1000);
    const name = sha256Of(bytes);
    const first = new ArtifactCache(dir);
    await store(waitingFor(first, name), bytes, 1000);
    const flip = (): void => {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(500) ^ 1, 500);
      writeFileSync(first.path(name), damaged);
    };
    flip();
    expect(await first.find(name)).toBeUndefined();
    expect(existsSync(first.path(name))).toBe(false);
    await store(waitingFor(first, name), bytes, 1000);
    expect(await first.find(name)).toBeDefined();
    flip();
    expect(await new ArtifactCache(dir).find(name)).toBeUndefined();
  });

  it('sweeps what killed processes have left, and nothing that is being written', async () => {
    const dir = tempFolder();
    for (const name of ['old.part', 'new.part', 'kept.onnx']) writeFileSync(join(dir, name), '');
    for (const name of ['old.part', 'kept.onnx']) utimesSync(join(dir, name), 1, 1);
    await new ArtifactCache(dir).sweep();
    expect(readdirSync(dir).sort()).toEqual(['kept.onnx', 'new.part']);
    await new ArtifactCache(join(dir, 'not there')).sweep();
  });

  it('says what is wrong with the disk', async () => {
    const dir = tempFolder();
    const bytes = randomBytes(10);
    writeFileSync(join(dir, 'file'), '');
    const incoming = waitingFor(new ArtifactCache(join(dir, 'file', 'below')), sha256Of(bytes));
    await expect(store(incoming, bytes, 10)).rejects.toMatchObject({ code: 'cache_unwritable' });
    mkdirSync(join(dir, 'fine'));
  });

  it('refuses names that are no hashes: they become paths', () => {
    const cache = new ArtifactCache('/nowhere');
    for (const name of ['../../etc/passwd', '', 'A'.repeat(64), 'a'.repeat(63)])
      expect(() => cache.path(name)).toThrowError(expect.objectContaining({ code: 'invalid_input' }));
    expect(existsSync('/nowhere')).toBe(false);
  });
});
