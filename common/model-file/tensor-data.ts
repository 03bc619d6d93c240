import { closeSync, openSync, readSync } from 'node:fs';
import { AsyncDiffError } from '../errors/index.js';
import { arrayOf, elementCount, tensorBytes } from '../tensor/index.js';
import { dtypeOf } from './data-type.js';
import { externalRange } from './external-data.js';
import type { FileRange } from './file-range.js';
import { int64, type TensorProto } from './onnx-proto.js';

/** The shape of a stored tensor. */
export function tensorDims(tensor: TensorProto): number[] {
  return (tensor.dims ?? []).map(int64);
}

/** Bytes that a stored tensor takes, by its type and shape (by its length for types that we do not know). */
export function storedBytes(tensor: TensorProto): number {
  const dtype = dtypeOf(tensor.data_type);
  if (dtype !== undefined) return tensorBytes(dtype, tensorDims(tensor));
  return externalRange(tensor)?.lengthBytes ?? tensor.raw_data?.length ?? 0;
}

/**
 * Reads a range of a file; nothing else of it is loaded.
 *
 * @throws AsyncDiffError `model_invalid` if the file ends before the range does.
 */
export function readRange({ path, offsetBytes, lengthBytes }: FileRange): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < lengthBytes; ) {
      const read = readSync(file, bytes, done, lengthBytes - done, offsetBytes + done);
      if (read === 0) {
        throw new AsyncDiffError('model_invalid', `${path} ends before byte ${offsetBytes + lengthBytes}`);
      }
      done += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

/**
 * Little-endian bytes of a tensor whose data is in memory: `raw_data`, or a typed field. Undefined for tensors without such bytes
 * (strings, types that we do not know).
 */
export function tensorData(tensor: TensorProto): Uint8Array | undefined {
  if (tensor.raw_data && tensor.raw_data.length > 0) return tensor.raw_data;
  const dtype = dtypeOf(tensor.data_type);
  if (dtype === undefined) return undefined;
  const array = new (arrayOf(dtype))(elementCount(tensorDims(tensor)));
  const integers = tensor.int64_data?.length ? tensor.int64_data : (tensor.uint64_data ?? []);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    integers.forEach((value, index) => {
      array[index] = BigInt(value.toString());
    });
  } else {
    const source = [tensor.float_data, tensor.double_data, tensor.int32_data].find((data) => data?.length);
    (source ?? integers.map(int64)).forEach((value, index) => {
      array[index] = value;
    });
  }
  return new Uint8Array(array.buffer);
}

/** A tensor with these bytes as its data. */
export function withData(tensor: TensorProto, data: Uint8Array): TensorProto {
  return {
    name: tensor.name ?? '',
    data_type: tensor.data_type ?? 0,
    dims: tensor.dims ?? [],
    raw_data: data,
  };
}
