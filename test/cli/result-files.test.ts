import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeResults } from '../../cli/result-files.js';
import { encodeWav } from '../../common/audio/index.js';
import { encodePng } from '../../common/image/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-results-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function frames(count: number): Promise<Uint8Array[]> {
  return await Promise.all(
    Array.from({ length: count }, (_, i) =>
      encodePng({ width: 6, height: 4, data: new Uint8Array(6 * 4 * 3).fill(40 * i) }),
    ),
  );
}

function write(out: string, images: Uint8Array[], frameCount?: number, audio: Uint8Array[] = []) {
  const notes: string[] = [];
  const video = frameCount === undefined ? undefined : { frames: frameCount, fps: 8 };
  const place = { out: join(folder, out), prompt: 'waves' };
  return writeResults(place, { images, video, audio }, (text) => notes.push(text)).then(() => ({
    names: readdirSync(folder).toSorted(),
    notes,
  }));
}

describe('what generate writes', () => {
  it.each(['webp', 'gif'])('a video as one moving .%s', async (ending) => {
    const { names } = await write(`a.${ending}`, await frames(3), 3);
    expect(names).toEqual([`a.${ending}`]);
    const { pages, delay, width, pageHeight } = await sharp(join(folder, `a.${ending}`), {
      animated: true,
    }).metadata();
    expect({ pages, width, pageHeight, delay: delay?.[0] }).toMatchObject({
      pages: 3,
      width: 6,
      pageHeight: 4,
    });
    // GIF counts hundredths of a second.
    expect(Math.abs((delay?.[0] ?? 0) - 125)).toBeLessThanOrEqual(5);
  });

  it('a file a frame where the ending is a picture, of several videos by video and frame', async () => {
    const { names } = await write('a.png', await frames(4), 2);
    expect(names).toEqual(['a-0-0.png', 'a-0-1.png', 'a-1-0.png', 'a-1-1.png']);
  });

  it('sound as WAV of the very samples, whatever ending was asked for', async () => {
    const samples = Float32Array.of(0, 0.25, -1.5);
    const wav = encodeWav({ rate: 44_100, channels: [samples, samples.map((one) => -one)] });
    const { names, notes } = await write('a.png', [], undefined, [wav]);
    expect(names).toEqual(['a.wav']);
    expect(notes).toHaveLength(1);
    const file = readFileSync(join(folder, 'a.wav'));
    expect(file.readUInt32LE(24)).toBe(44_100);
    expect(file.readUInt32LE(4)).toBe(file.length - 8);
    const values = Array.from({ length: 6 }, (_, i) => file.readFloatLE(58 + 4 * i));
    expect(values).toEqual([0, -0, 0.25, -0.25, -1.5, 1.5]);
  });
});
