import { closeSync, existsSync, writeSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DTYPES, type Tensor, zeros } from '../../../common/tensor/index.js';
import {
  FrameRingReader,
  FrameRingWriter,
  MAX_FRAME_BYTES,
  RingReader,
  RingWriter,
} from '../../../worker/exchange/shared-memory/index.js';
import { HEAD_BYTES, HEADS_AT, openRingFile } from '../../../worker/exchange/shared-memory/ring-file.js';

let bulk: { reader: RingReader; writer: RingWriter };
let reader: FrameRingReader;
let writer: FrameRingWriter;
/** The file once more, to do damage. */
let file: number;

const linux = existsSync('/dev/shm');

beforeEach(() => {
  if (!linux) return;
  const offered = RingReader.create() as RingReader;
  bulk = { reader: offered, writer: RingWriter.open(offered.offer) as RingWriter };
  file = openRingFile(offered.offer) as number;
  offered.unlink();
  reader = new FrameRingReader(bulk.reader.reopen() as number);
  writer = new FrameRingWriter(bulk.writer.reopen() as number);
});
afterEach(() => {
  if (!linux) return;
  for (const each of [reader, writer, bulk.reader, bulk.writer]) each.close();
  closeSync(file);
});

const meta = (version: number, name = 'h') => ({ jobId: 'job', attempt: 1, name, version, sentUs: 12.5 });
const bytesOf = (frame: { tensor: Tensor } | undefined) =>
  frame === undefined ? Buffer.of() : Buffer.from(frame.tensor.data.buffer);
const floats = (seed: number, count: number): Tensor => ({
  dtype: 'float32',
  dims: [count],
  data: Float32Array.from({ length: count }, (_, at) => seed + at / 7),
});

describe.skipIf(!linux)('a ring of frames', () => {
  test('gives back every tensor that it took, in order, however puts and takes alternate and sizes vary', () => {
    const count = fc.oneof(fc.integer({ min: 1, max: 131_072 }), fc.integer({ min: 0, max: 50 }));
    const act = fc.oneof({ arbitrary: count, weight: 3 }, { arbitrary: fc.constant(-1), weight: 2 });
    let version = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 100 }), (acts) => {
        const underWay: { version: number; tensor: Tensor }[] = [];
        const takeOne = (): void => {
          const next = underWay.shift();
          const frame = reader.take();
          expect(frame?.meta).toEqual(next && meta(next.version));
          expect(frame?.tensor.dims).toEqual(next?.tensor.dims);
          expect(Buffer.compare(bytesOf(frame), bytesOf(next))).toBe(0);
        };
        for (const elements of acts) {
          if (elements < 0) {
            takeOne();
            continue;
          }
          const tensor = floats(version, elements);
          if (writer.put(meta(version), tensor)) underWay.push({ version, tensor });
          else {
            // It may be full, never for nothing.
            const held = underWay.reduce((sum, { tensor: { data } }) => sum + data.byteLength, 0);
            expect(underWay.length === 64 || held + tensor.data.byteLength > 2 ** 21).toBe(true);
          }
          version += 1;
        }
        while (underWay.length > 0) takeOne();
        takeOne();
      }),
      { numRuns: 60 },
    );
  });

  test('every element type and shape comes back, with memory of its own that is aligned', () => {
    for (const dtype of DTYPES) {
      const tensor = zeros(dtype, [2, 3, 1]);
      new Uint8Array(tensor.data.buffer).forEach((_, at, bytes) => (bytes[at] = at & 1));
      expect(writer.put(meta(1, `name of ${dtype} …/ünïcode`), tensor)).toBe(true);
      const frame = reader.take();
      expect(frame?.meta.name).toBe(`name of ${dtype} …/ünïcode`);
      expect(frame?.tensor).toEqual(tensor);
      expect(frame?.tensor.data.buffer.byteLength).toBe(tensor.data.byteLength);
    }
  });

  test('a tensor above the limit, or with a name that finds no room, goes another way', () => {
    expect(writer.put(meta(0), floats(0, MAX_FRAME_BYTES / 4 + 1))).toBe(false);
    expect(writer.put(meta(0), floats(0, MAX_FRAME_BYTES / 4))).toBe(true);
    expect(reader.take()?.tensor.dims).toEqual([MAX_FRAME_BYTES / 4]);
    expect(writer.put(meta(1, 'n'.repeat(HEAD_BYTES)), floats(0, 4))).toBe(false);
    // What others of the plan are called does not suffer.
    expect(writer.put(meta(2), floats(0, 4))).toBe(true);
    expect(reader.take()?.meta.version).toBe(2);
  });

  test('large tensors beside them use the same file', () => {
    const offsetBytes = bulk.writer.reserve(1000) as number;
    bulk.writer.write(offsetBytes, Buffer.alloc(1000, 'large'));
    writer.put(meta(3), floats(3, 1000));
    expect(bulk.reader.read(offsetBytes, 1000).equals(Buffer.alloc(1000, 'large'))).toBe(true);
    expect(reader.take()?.tensor).toEqual(floats(3, 1000));
  });

  test('a writer whose memory gives out writes nothing more', () => {
    writer.close();
    expect(writer.put(meta(0), floats(0, 10))).toBe(false);
    expect(writer.put(meta(1), floats(0, 10))).toBe(false);
    writer = new FrameRingWriter(bulk.writer.reopen() as number);
  });

  test.each([
    ['an element type that is not known', '{"dtype":"float7","dims":[1],"name":"h"}', 0],
    ['a place outside', '{"dtype":"float32","dims":[9],"name":"h"}', 2 ** 22],
    ['a head longer than its place', undefined, 0],
  ])('%s is a broken protocol', (_what, label, offsetBytes) => {
    writer.put(meta(0), floats(0, 1));
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(label === undefined ? HEAD_BYTES : head.write(label, 24));
    head.writeDoubleLE(offsetBytes, 16);
    writeSync(file, head, 0, head.byteLength, HEADS_AT);
    expect(() => reader.take()).toThrow(expect.objectContaining({ code: 'protocol_mismatch' }));
  });
});
