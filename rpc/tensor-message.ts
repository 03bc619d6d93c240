import { AsyncDiffError } from '../common/errors/index.js';
import { checkShape } from '../common/settings/index.js';
import {
  arrayOf,
  elementBytes,
  formatDims,
  parseDType,
  type Tensor,
  tensorBytes,
} from '../common/tensor/index.js';
import type { Tensor as TensorMessage, Tensor__Output } from './gen/asyncdiff/v1/Tensor.js';

/** A tensor as one message; its memory is viewed, not copied, until gRPC serialises it. */
export function toTensorMessage(tensor: Tensor): TensorMessage {
  const { dtype, dims, data } = tensor;
  return { dtype, dims: [...dims], data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

/** Reads a tensor that came over the network. Throws `invalid_input` where type, shape and bytes do not agree. */
export function fromTensorMessage(message: Tensor__Output | null | undefined, what: string): Tensor {
  if (message === null || message === undefined)
    throw new AsyncDiffError('invalid_input', `${what} is missing`);
  const dtype = parseDType(message.dtype, what);
  const { dims, data } = message;
  checkShape(dims, elementBytes(dtype), what);
  const bytes = tensorBytes(dtype, dims);
  if (data.length !== bytes) {
    throw new AsyncDiffError(
      'invalid_input',
      `${what}: ${dtype} ${formatDims(dims)} takes ${bytes} bytes, ${data.length} came`,
    );
  }
  const Data = arrayOf(dtype);
  // Protobuf gives a slice at any offset; typed arrays need alignment, and small tensors are cheap to copy.
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
