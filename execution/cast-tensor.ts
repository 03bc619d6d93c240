import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { AsyncDiffError } from '../common/errors/index.js';
import {
  arrayOf,
  decodeFloat16,
  type DType,
  encodeFloat16,
  parseDType,
  type Tensor,
  type TypedArray,
} from '../common/tensor/index.js';
import { fromOrtData } from './ort-data.js';

/** A tensor as a session's input of `dtype` takes it. Raises `invalid_input` for types that cannot be cast. */
export function castTensor(tensor: Tensor, dtype: DType): Tensor {
  const { dims, data } = tensor;
  if (tensor.dtype === dtype) return tensor;
  if (dtype === 'float16') {
    const floats = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array, Number);
    return { dtype, dims, data: encodeFloat16(floats) };
  }
  const values = new (arrayOf(dtype))(data.length);
  if (values instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i += 1) values[i] = BigInt(Math.trunc(Number(data[i])));
  } else if (
    values instanceof Float32Array ||
    values instanceof Float64Array ||
    values instanceof Int32Array
  ) {
    for (let i = 0; i < values.length; i += 1) values[i] = Number(data[i]);
  } else {
    throw new AsyncDiffError(
      'invalid_input',
      `a ${tensor.dtype} tensor cannot be given where ${dtype} is taken`,
    );
  }
  return { dtype, dims, data: values };
}

/** What a session gave: float16 as float32, everything else as it is. */
export function fromSession(result: OrtTensor): Tensor {
  const { dims, type } = result;
  const data = result.data as unknown as TypedArray;
  if (type !== 'float16') return { dtype: parseDType(type, 'a result'), dims, data };
  return { dtype: 'float32', dims, data: decodeFloat16(fromOrtData(data) as Uint16Array) };
}
