import type { Tensor, TensorMeta } from '../common/tensor/index.js';
import { arrayOf, DTYPES, formatDims, TENSOR_ALIGNMENT_BYTES } from '../common/tensor/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { TensorFrame } from './gen/asyncdiff/v1/TensorFrame.js';
import { MIB } from './options.js';

export interface Chunking {
  /** Tensors up to this size are one frame. Default 16 MiB. */
  readonly wholeBytes: number;
  /** Size of the chunks of a larger one. Default 8 MiB. */
  readonly chunkBytes: number;
}

export const DEFAULT_CHUNKING: Chunking = Object.freeze({ wholeBytes: 16 * MIB, chunkBytes: 8 * MIB });

/** A frame ready for the wire: its bytes are views of the tensor's, which must stay as they are until it is sent. */
export interface OutgoingFrame extends TensorFrame {
  readonly jobId: string;
  readonly attempt: number;
  readonly name: string;
  readonly version: number;
  readonly dtype: number;
  readonly dims: number[];
  readonly offsetBytes: number;
  readonly totalBytes: number;
  readonly sentUs: number;
  readonly pad: Uint8Array;
  readonly data: Uint8Array;
}

/** gRPC's own header before each message: a compression flag and four bytes of length. */
export const GRPC_PREFIX_BYTES = 5;
const ALIGNMENT = TENSOR_ALIGNMENT_BYTES;
const PADS: readonly Uint8Array[] = Array.from({ length: ALIGNMENT }, (_, length) => new Uint8Array(length));

/** Cuts a tensor into frames. Nothing is copied. */
export function encodeFrames(
  meta: TensorMeta,
  tensor: Tensor,
  chunking: Chunking = DEFAULT_CHUNKING,
): OutgoingFrame[] {
  const dtype = DTYPES.indexOf(tensor.dtype) + 1;
  const dims = [...tensor.dims];
  const { buffer, byteOffset, byteLength: totalBytes } = tensor.data;
  const step = totalBytes <= chunking.wholeBytes ? Math.max(totalBytes, 1) : chunking.chunkBytes;
  const frames: OutgoingFrame[] = [];
  for (let offsetBytes = 0; offsetBytes < totalBytes || offsetBytes === 0; offsetBytes += step) {
    const data = new Uint8Array(buffer, byteOffset + offsetBytes, Math.min(step, totalBytes - offsetBytes));
    const unpadded = { ...meta, dtype, dims, offsetBytes, totalBytes, pad: padTo(0), data };
    const start = GRPC_PREFIX_BYTES + frameHeaderBytes(unpadded);
    frames.push({ ...unpadded, pad: padTo(-start) });
  }
  return frames;
}

/** Bytes of the serialised frame before its data: every field in the order of its number, as protobufjs writes them. */
export function frameHeaderBytes(frame: OutgoingFrame): number {
  const dimsBytes = frame.dims.reduce((sum, dim) => sum + varintBytes(dim), 0);
  return (
    lengthPrefixed(Buffer.byteLength(frame.jobId)) +
    (1 + varintBytes(frame.attempt)) +
    lengthPrefixed(Buffer.byteLength(frame.name)) +
    (1 + varintBytes(zigzag(frame.version))) +
    (1 + varintBytes(frame.dtype)) +
    (dimsBytes === 0 ? 0 : lengthPrefixed(dimsBytes)) +
    (1 + varintBytes(frame.offsetBytes)) +
    (1 + varintBytes(frame.totalBytes)) +
    (1 + varintBytes(frame.sentUs)) +
    lengthPrefixed(frame.pad.byteLength) +
    (1 + varintBytes(frame.data.byteLength))
  );
}

/** Padding of so many bytes, modulo the alignment. */
function padTo(bytes: number): Uint8Array {
  return PADS[bytes & (ALIGNMENT - 1)] as Uint8Array;
}

/** A number as protobuf's varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function lengthPrefixed(bytes: number): number {
  return 1 + varintBytes(bytes) + bytes;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}

/**
 * ArrayBuffers that a received tensor has to itself, although its data begins behind the message's header. They may be
 * transferred to another thread; a buffer from Node's pool, or one that several views share, may not.
 */
const ownedBuffers = new WeakSet<ArrayBufferLike>();

/** For the assembler: `data` is the one use of its ArrayBuffer. */
export function markOwned(buffer: ArrayBufferLike): void {
  ownedBuffers.add(buffer);
}

/**
 * The tensor and the list to give to `postMessage`. Copies only if its ArrayBuffer holds, or may hold, anything else.
 * After the transfer the tensor is empty on this side.
 */
export function transferableTensor(tensor: Tensor): { tensor: Tensor; transfer: ArrayBuffer[] } {
  const { buffer, byteLength } = tensor.data;
  if (buffer instanceof ArrayBuffer && (byteLength === buffer.byteLength || ownedBuffers.has(buffer))) {
    return { tensor, transfer: [buffer] };
  }
  const data = new (arrayOf(tensor.dtype))(tensor.data.length);
  new Uint8Array(data.buffer).set(new Uint8Array(buffer, tensor.data.byteOffset, byteLength));
  return { tensor: { ...tensor, data }, transfer: [data.buffer as ArrayBuffer] };
}

/** What a tensor is called in an error. */
export function describeTensor(name: string, version: number, dims: readonly number[]): string {
  return `tensor '${name}' ${formatDims(dims)} of round ${version}`;
}

/** A frame that breaks the protocol. */
export function frameError(message: string): AsyncDiffError {
  return new AsyncDiffError('protocol_mismatch', message);
}
