import { AsyncDiffError } from '../common/errors/index.js';
import { checkShape } from '../common/settings/index.js';
import {
  arrayOf,
  type DType,
  elementBytes,
  elementCount,
  formatDims,
  parseDType,
  TENSOR_ALIGNMENT_BYTES,
  type Tensor,
  tensorBytes,
} from '../common/tensor/index.js';
import type { Tensor as TensorMessage, Tensor__Output } from './gen/asyncdiff/v1/Tensor.js';

/** A tensor as one message; its memory is viewed, not copied, until gRPC serialises it. */
export function toTensorMessage(tensor: Tensor): TensorMessage {
  const { dtype, dims, data } = tensor;
  return { dtype, dims: [...dims], data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

/** Smaller ones are cheap to copy. */
const MIN_ALIGNED_BYTES = 1 << 20;
/** Data of messages that lies where a tensor's may, in memory that nobody else writes to. */
const aligned = new WeakSet<Uint8Array>();

/**
 * Moves the data of large tensors of one message, as it came over the network, to where it may be read in place: down by some bytes, over the head of its own
 * field, which has been read. {@link fromTensorMessage} then copies none of them, and a request of 60 MB is held once.
 *
 * @param others further bytes of the message that are still to be read
 */
export function alignInPlace(messages: Iterable<Tensor__Output>, others: Iterable<Uint8Array> = []): void {
  const fields = [...messages]
    .filter(({ data }) => data.length > 0)
    .map((message) => ({ message, data: message.data }));
  const taken = [...fields, ...Array.from(others, (data) => ({ message: undefined, data }))];
  const ends = new Map<ArrayBufferLike, number>();
  for (const { message, data } of taken.toSorted((a, b) => a.data.byteOffset - b.data.byteOffset)) {
    const { buffer, byteOffset, length } = data;
    const floor = ends.get(buffer) ?? 0;
    ends.set(buffer, byteOffset + length);
    if (message === undefined || length < MIN_ALIGNED_BYTES) continue;
    const start = byteOffset - (byteOffset % TENSOR_ALIGNMENT_BYTES);
    if (start < floor) continue;
    const whole = new Uint8Array(buffer);
    whole.copyWithin(start, byteOffset, byteOffset + length);
    message.data = Buffer.from(buffer, start, length);
    aligned.add(message.data);
  }
}

/** Its type. Throws `invalid_input` where type, shape and bytes do not agree, `limit_exceeded` for a shape that is too large. */
export function checkTensorMessage({ dtype: name, dims, data }: Tensor__Output, what: string): DType {
  const dtype = parseDType(name, what);
  checkShape(dims, elementBytes(dtype), what);
  const bytes = tensorBytes(dtype, dims);
  if (data.length !== bytes)
    throw new AsyncDiffError(
      'invalid_input',
      `${what}: ${dtype} ${formatDims(dims)} takes ${bytes} bytes, ${data.length} came`,
    );
  return dtype;
}

/** Reads a tensor that came over the network. Throws `invalid_input` where type, shape and bytes do not agree. */
export function fromTensorMessage(message: Tensor__Output | null | undefined, what: string): Tensor {
  if (message === null || message === undefined)
    throw new AsyncDiffError('invalid_input', `${what} is missing`);
  const dtype = checkTensorMessage(message, what);
  const { dims, data } = message;
  const Data = arrayOf(dtype);
  if (aligned.has(data))
    return { dtype, dims, data: new Data(data.buffer, data.byteOffset, elementCount(dims)) };
  // Protobuf gives a slice at any offset; typed arrays, and sessions, need alignment, and small tensors are cheap to copy.
  const copy = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
  return { dtype, dims, data: new Data(copy) };
}

export function toTensorMessages(tensors: Readonly<Record<string, Tensor>>): Record<string, TensorMessage> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toTensorMessage(tensor)]));
}

export function fromTensorMessages(
  messages: Readonly<Record<string, Tensor__Output>>,
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(messages).map(([name, message]) => [name, fromTensorMessage(message, `tensor "${name}"`)]),
  );
}
