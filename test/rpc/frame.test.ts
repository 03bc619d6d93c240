import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  arrayOf,
  DTYPES,
  elementBytes,
  elementCount,
  type Tensor,
  type TensorMeta,
} from '../../common/tensor/index.js';
import { frameHeaderBytes, GRPC_PREFIX_BYTES } from '../../rpc/frame.js';
import type { TensorFrame__Output } from '../../rpc/gen/asyncdiff/v1/TensorFrame.js';
import { encodeFrames, transferableTensor, workerService } from '../../rpc/index.js';
import { FrameAssembler } from '../../rpc/streams/index.js';

const { responseSerialize, responseDeserialize } = workerService().Exchange;

/** As grpc-js hands a message over: behind its 5-byte prefix, in an ArrayBuffer of the pool or of its own. */
function receive(message: Buffer): TensorFrame__Output {
  const framed = Buffer.concat([Buffer.alloc(GRPC_PREFIX_BYTES), message]);
  return responseDeserialize(framed.subarray(GRPC_PREFIX_BYTES));
}

const metas: fc.Arbitrary<TensorMeta> = fc.record({
  jobId: fc.string({ maxLength: 40 }),
  attempt: fc.nat(),
  name: fc.string({ unit: 'binary', maxLength: 300 }),
  version: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  sentUs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
});

const tensors: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom(...DTYPES),
    fc.array(fc.nat({ max: 6 }), { maxLength: 4 }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer(),
  )
  .map(([dtype, dims, shift, seed]) => {
    const length = elementCount(dims);
    const whole = new Uint8Array((length + shift) * elementBytes(dtype)).map((_, i) => (i * 31 + seed) & 255);
    const data = new (arrayOf(dtype))(whole.buffer, shift * elementBytes(dtype), length);
    return { dtype, dims, data };
  });

function bytesOf({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

describe('frames', () => {
  test('any tensor goes through in any chunks, bit for bit', () => {
    fc.assert(
      fc.property(
        metas,
        tensors,
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (meta, tensor, eighths, whole) => {
          const chunking = { wholeBytes: whole ? 2 ** 30 : 0, chunkBytes: 8 * eighths };
          const assembler = new FrameAssembler();
          const received = encodeFrames(meta, tensor, chunking).map((frame) =>
            assembler.accept(receive(responseSerialize(frame))),
          );
          expect(received.slice(0, -1).every((none) => none === undefined)).toBe(true);
          const last = received.at(-1);
          expect(last?.tensor.dtype).toBe(tensor.dtype);
          expect(last?.tensor.dims).toEqual(tensor.dims);
          expect(bytesOf(last?.tensor as Tensor).equals(bytesOf(tensor))).toBe(true);
          expect(last?.meta).toMatchObject({ ...meta, bytes: tensor.data.byteLength });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the header length is the one that protobufjs writes, and data starts on 16 bytes behind the prefix', () => {
    fc.assert(
      fc.property(metas, tensors, fc.integer({ min: 1, max: 9 }), (meta, tensor, eighths) => {
        for (const frame of encodeFrames(meta, tensor, { wholeBytes: 64, chunkBytes: 8 * eighths })) {
          const message = responseSerialize(frame);
          const start = frameHeaderBytes(frame);
          expect(message.byteLength).toBe(start + frame.data.byteLength);
          expect((GRPC_PREFIX_BYTES + start) % 16).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('data is aligned for every length of name', () => {
    for (let length = 0; length < 300; length += 1) {
      const meta = { jobId: 'job', attempt: 1, name: 'n'.repeat(length), version: 3, sentUs: 12_345_678 };
      const tensor: Tensor = { dtype: 'float64', dims: [1024], data: new Float64Array(1024).fill(length) };
      const [frame] = encodeFrames(meta, tensor);
      const message = receive(responseSerialize(frame as object));
      expect(message.data.byteOffset % 16).toBe(0);
      const view = new FrameAssembler().accept(message)?.tensor;
      expect(view?.data.buffer).toBe(message.data.buffer);
      expect(view?.data[1023]).toBe(length);
    }
  });
});

describe('transferableTensor', () => {
  const meta = { jobId: 'j', attempt: 1, name: 'h', version: 0, sentUs: 0 };
  const receiveTensor = (length: number): Tensor => {
    const tensor: Tensor = { dtype: 'float32', dims: [length], data: new Float32Array(length).fill(7) };
    const [frame] = encodeFrames(meta, tensor);
    return new FrameAssembler().accept(receive(responseSerialize(frame as object)))?.tensor as Tensor;
  };

  test('a received tensor of its own message moves without a copy', () => {
    const tensor = receiveTensor(2048);
    const moved = transferableTensor(tensor);
    expect(moved.tensor).toBe(tensor);
    const there = structuredClone(moved.tensor.data, { transfer: moved.transfer });
    expect(there.length).toBe(2048);
    expect(there[2047]).toBe(7);
    expect(tensor.data.byteLength).toBe(0);
  });

  test('parts of a larger buffer and shared memory are copied', () => {
    const large = new Float32Array(8);
    const shared = new Float32Array(new SharedArrayBuffer(16));
    const parts: Tensor[] = [
      { dtype: 'float32', dims: [4], data: large.subarray(0, 4) },
      { dtype: 'float32', dims: [4], data: shared },
    ];
    for (const tensor of parts) {
      const moved = transferableTensor(tensor);
      structuredClone(moved.tensor.data, { transfer: moved.transfer });
      expect(tensor.data.byteLength).toBeGreaterThan(0);
    }
  });
});

describe('frames that must be refused', () => {
  const good: TensorFrame__Output = {
    jobId: 'j',
    attempt: 1,
    name: 'h',
    version: 0,
    dtype: 1,
    dims: [2, 8],
    offsetBytes: 0,
    totalBytes: 64,
    sentUs: 0,
    sharedOffsetBytes: 0,
    sharedBytes: 0,
    pad: Buffer.alloc(0),
    data: Buffer.alloc(64),
  };
  test.each<[string, Partial<TensorFrame__Output>]>([
    ['an unknown element type', { dtype: 99 }],
    ['element type 0', { dtype: 0 }],
    ['dims that do not make the bytes', { dims: [2, 9] }],
    ['more bytes than the total', { data: Buffer.alloc(65) }],
    ['no bytes', { data: Buffer.alloc(0) }],
    ['a start in the middle', { offsetBytes: 32, data: Buffer.alloc(32) }],
    ['too many dimensions', { dims: [...Array.from({ length: 16 }, () => 1), 16] }],
  ])('%s', (_, change) => {
    expect(() => new FrameAssembler().accept({ ...good, ...change })).toThrow(
      expect.objectContaining({ code: 'protocol_mismatch', message: expect.stringContaining("'h'") }),
    );
  });

  test('a gap, and a total that changes', () => {
    for (const second of [
      { offsetBytes: 40, data: Buffer.alloc(24) },
      { offsetBytes: 16, dims: [1, 8], totalBytes: 32, data: Buffer.alloc(16) },
    ]) {
      const assembler = new FrameAssembler();
      expect(assembler.accept({ ...good, data: Buffer.alloc(16) })).toBeUndefined();
      expect(() => assembler.accept({ ...good, ...second })).toThrow(AsyncDiffError);
    }
  });

  test('a tensor over the limit, before any memory is taken', () => {
    const assembler = new FrameAssembler({ maxTensorBytes: 63 });
    expect(() => assembler.accept({ ...good, data: Buffer.alloc(8) })).toThrow(
      expect.objectContaining({ code: 'message_too_large' }),
    );
  });

  test('a tensor that is announced larger than the one that is expected, before any memory is taken', () => {
    const assembler = new FrameAssembler();
    const huge = { ...good, dims: [2 ** 26], totalBytes: 2 ** 28, data: Buffer.alloc(8) };
    expect(() => assembler.accept(huge, 64)).toThrow(expect.objectContaining({ code: 'message_too_large' }));
    expect(assembler.accept({ ...good, data: Buffer.alloc(8) }, 64)).toBeUndefined();
  });

  test('too many incomplete tensors', () => {
    const assembler = new FrameAssembler({ maxPartial: 2 });
    const start = (version: number) => assembler.accept({ ...good, version, data: Buffer.alloc(8) });
    start(0);
    start(1);
    expect(() => start(2)).toThrow(expect.objectContaining({ code: 'protocol_mismatch' }));
  });
});
