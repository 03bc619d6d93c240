import { performance } from 'node:perf_hooks';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  arrayOf,
  DTYPES,
  elementCount,
  TENSOR_ALIGNMENT_BYTES,
  type DType,
  type Tensor,
  type TensorMeta,
} from '../../common/tensor/index.js';
import { type Chunking, describeTensor, frameError, markOwned, MIB } from '../index.js';
import type { TensorFrame__Output } from '../gen/asyncdiff/v1/TensorFrame.js';

/** Of tensors on a control stream: no ping waits longer behind a frame than a slow link takes for so many bytes. */
export const PART_CHUNKING: Chunking = Object.freeze({ wholeBytes: 128 << 10, chunkBytes: 128 << 10 });

/** A tensor that has arrived. */
export interface ReceivedMeta extends TensorMeta {
  readonly bytes: number;
  /** This process's monotonic clock (`performance.now()`) when the first and the last frame were here, milliseconds. */
  readonly firstFrameMs: number;
  readonly lastFrameMs: number;
}

interface Received {
  readonly tensor: Tensor;
  readonly meta: ReceivedMeta;
}

export interface AssemblerLimits {
  /** Largest tensor, where nothing says how large it must be. Default 1 GiB. */
  readonly maxTensorBytes?: number | undefined;
  /** Tensors that may be incomplete at once. Default 16. */
  readonly maxPartial?: number | undefined;
}

interface Partial {
  readonly bytes: Uint8Array;
  readonly firstFrameMs: number;
  received: number;
}

const DEFAULT_MAX_TENSOR_BYTES: number = 1024 * MIB;
const DEFAULT_MAX_PARTIAL = 16;
const MAX_RANK = 16;

/**
 * Puts frames together again. A tensor of one frame is a view of the received message where that is aligned and has its
 * ArrayBuffer to itself; otherwise it is copied once.
 */
export class FrameAssembler {
  readonly #maxTensorBytes: number;
  readonly #maxPartial: number;
  readonly #partial = new Map<string, Partial>();

  constructor(limits: AssemblerLimits = {}) {
    this.#maxTensorBytes = limits.maxTensorBytes ?? DEFAULT_MAX_TENSOR_BYTES;
    this.#maxPartial = limits.maxPartial ?? DEFAULT_MAX_PARTIAL;
  }

  /**
   * Takes the next frame; the tensor if it is complete. For one of several frames memory is taken at the first, as much as it announces.
   *
   * @param maxBytes the largest tensor of this name that can be meant
   * @throws AsyncDiffError `protocol_mismatch` for a frame that contradicts itself or the one before,
   * `message_too_large` for a tensor over the limit
   */
  accept(frame: TensorFrame__Output, maxBytes = this.#maxTensorBytes): Received | undefined {
    const nowMs = performance.now();
    const dtype = this.#check(frame);
    const { offsetBytes, totalBytes, data } = frame;
    if (offsetBytes === 0 && data.byteLength === totalBytes) {
      return { tensor: tensorOf(dtype, frame.dims, data), meta: metaOf(frame, nowMs, nowMs) };
    }

    const key = JSON.stringify([frame.jobId, frame.attempt, frame.name, frame.version]);
    let partial = this.#partial.get(key);
    if (partial === undefined) {
      if (totalBytes > maxBytes)
        throw tooLarge(describeTensor(frame.name, frame.version, frame.dims), totalBytes, maxBytes);
      if (this.#partial.size >= this.#maxPartial) throw frameError('too many incomplete tensors');
      // Not filled with zeros: every byte is written before anyone reads it.
      partial = { bytes: Buffer.allocUnsafeSlow(totalBytes), firstFrameMs: nowMs, received: 0 };
      this.#partial.set(key, partial);
    }
    if (offsetBytes !== partial.received || totalBytes !== partial.bytes.byteLength) {
      this.#partial.delete(key);
      throw frameError(
        `${describeTensor(frame.name, frame.version, frame.dims)}: got bytes from ${offsetBytes} of ${totalBytes}, expected ${partial.received} of ${partial.bytes.byteLength}`,
      );
    }
    partial.bytes.set(data, offsetBytes);
    partial.received += data.byteLength;
    if (partial.received < totalBytes) return undefined;
    this.#partial.delete(key);
    return {
      tensor: tensorOf(dtype, frame.dims, partial.bytes),
      meta: metaOf(frame, partial.firstFrameMs, nowMs),
    };
  }

  /** Forgets what is incomplete. */
  clear(): void {
    this.#partial.clear();
  }

  #check(frame: TensorFrame__Output): DType {
    const what = describeTensor(frame.name, frame.version, frame.dims);
    const dtype = DTYPES[frame.dtype - 1];
    if (dtype === undefined) throw frameError(`${what}: element type ${frame.dtype} is not known`);
    if (frame.dims.length > MAX_RANK) throw frameError(`${what}: more than ${MAX_RANK} dimensions`);
    if (frame.totalBytes > this.#maxTensorBytes) {
      throw tooLarge(what, frame.totalBytes, this.#maxTensorBytes);
    }
    const expected = elementCount(frame.dims) * arrayOf(dtype).BYTES_PER_ELEMENT;
    if (expected !== frame.totalBytes) {
      throw frameError(
        `${what}: ${dtype} of this shape has ${expected} bytes, the frame says ${frame.totalBytes}`,
      );
    }
    const end = frame.offsetBytes + frame.data.byteLength;
    if (end > frame.totalBytes || (frame.data.byteLength === 0 && frame.totalBytes !== 0)) {
      throw frameError(`${what}: bytes ${frame.offsetBytes} to ${end} of ${frame.totalBytes}`);
    }
    return dtype;
  }
}

function tooLarge(what: string, bytes: number, limit: number): AsyncDiffError {
  return new AsyncDiffError('message_too_large', `${what}: ${bytes} bytes are over the limit of ${limit}`);
}

function tensorOf(dtype: DType, dims: number[], bytes: Uint8Array): Tensor {
  const Data = arrayOf(dtype);
  const { buffer, byteOffset, byteLength } = bytes;
  // Small messages come from a pool of Node's, which holds others too; what fills most of its buffer is alone in it.
  const alone = 2 * byteLength >= buffer.byteLength;
  if (alone && byteOffset % TENSOR_ALIGNMENT_BYTES === 0) {
    markOwned(buffer);
    return { dtype, dims, data: new Data(buffer, byteOffset, byteLength / Data.BYTES_PER_ELEMENT) };
  }
  const data = new Data(byteLength / Data.BYTES_PER_ELEMENT);
  new Uint8Array(data.buffer).set(bytes);
  return { dtype, dims, data };
}

function metaOf(frame: TensorFrame__Output, firstFrameMs: number, lastFrameMs: number): ReceivedMeta {
  const { jobId, attempt, name, version, sentUs, totalBytes } = frame;
  return { jobId, attempt, name, version, sentUs, bytes: totalBytes, firstFrameMs, lastFrameMs };
}
