import { closeSync, openSync, readSync } from 'node:fs';
import { AsyncDiffError } from '../../common/errors/index.js';
import { arrayOf, elementCount, tensorBytes } from '../../common/tensor/index.js';
import { dtypeOf } from './data-type.js';
import { externalRange, resolveExternal } from '../../common/model-file/index.js';
import { int64, type TensorProto } from '../../common/model-file/index.js';

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

/** Reads `lengthBytes` of a file; nothing else of it is loaded. */
export function readRange(path: string, offsetBytes: number, lengthBytes: number): Buffer {
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
 * Little-endian bytes of a stored tensor, wherever the model keeps them: `raw_data`, a typed field, or a file in `folder`.
 * Undefined for tensors without such bytes (strings).
 */
export function readTensorData(tensor: TensorProto, folder: string): Uint8Array | undefined {
  const range = externalRange(tensor);
  if (range) {
    const length = range.lengthBytes ?? storedBytes(tensor);
    if (dtypeOf(tensor.data_type) !== undefined && length !== storedBytes(tensor)) {
      throw new AsyncDiffError(
        'model_invalid',
        `weight ${tensor.name ?? ''}: its external data has ${length} bytes, its shape needs ${storedBytes(tensor)}`,
      );
    }
    return readRange(resolveExternal(folder, range.location), range.offsetBytes, length);
  }
  if (tensor.raw_data && tensor.raw_data.length > 0) return tensor.raw_data;
  return fromTypedFields(tensor);
}

function fromTypedFields(tensor: TensorProto): Uint8Array | undefined {
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
