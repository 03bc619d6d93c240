import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashInThreads } from '../../common/model-file/hash-in-threads.js';
import { tempFolder } from '../support/temp-folder.js';

const RANGES = 40;
const LENGTH = 100_003;
const bytes = Buffer.from(Array.from({ length: RANGES * LENGTH }, (_, at) => (at * at + (at >> 7)) & 0xff));

function file(content: Uint8Array) {
  const path = join(tempFolder(), 'weights');
  writeFileSync(path, content);
  const ranges = Array.from({ length: RANGES }, (_, at) => ({
    path,
    offsetBytes: at * LENGTH,
    lengthBytes: LENGTH,
  }));
  return { path, ranges };
}

describe('hashInThreads', () => {
  it('gives the SHA-256 of every range, in order, and tells of every byte', async () => {
    const { path, ranges } = file(bytes);
    let [done, begun] = [0, 0];
    const hashes = await hashInThreads(path, ranges, {
      onBytes: (count) => (done += count),
      onThreads: () => (begun += 1),
    });
    const expected = ranges.map(({ offsetBytes }) =>
      createHash('sha256')
        .update(bytes.subarray(offsetBytes, offsetBytes + LENGTH))
        .digest('hex'),
    );
    expect(hashes).toEqual(expected);
    expect([done, begun]).toEqual([bytes.length, 1]);
  });

  it('fails where the file ends before a range does', async () => {
    const { path, ranges } = file(bytes.subarray(0, bytes.length - 1));
    await expect(hashInThreads(path, ranges, {})).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('ends when it is cancelled', async () => {
    const { path, ranges } = file(bytes);
    await expect(hashInThreads(path, ranges, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
