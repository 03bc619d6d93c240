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

/** Node 24 has it, and onnxruntime-common then takes and gives float16 as it; before, as bit patterns in a Uint16Array. */
const float16Array = (globalThis as { Float16Array?: new (buffer: ArrayBufferLike) => TypedArray })
  .Float16Array;

/** A tensor as a session's input of `dtype` takes it. Raises `invalid_input` for types that cannot be cast. */
export function castTensor(tensor: Tensor, dtype: DType): Tensor {
  const { dims, data } = tensor;
  if (dtype === 'float16') {
    const floats = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array, Number);
    const bits = encodeFloat16(floats);
    return { dtype, dims, data: float16Array === undefined ? bits : new float16Array(bits.buffer) };
  }
  if (tensor.dtype === dtype) return tensor;
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
  const bits =
    data instanceof Uint16Array ? data : new Uint16Array(data.buffer, data.byteOffset, data.length);
  return { dtype: 'float32', dims, data: decodeFloat16(bits) };
}
