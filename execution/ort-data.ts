import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Tensor, TypedArray } from '../common/tensor/index.js';

/** `Tensor` of onnxruntime-node, by whichever way it was loaded. */
export type OrtTensorConstructor = new (
  dtype: 'float32',
  data: Float32Array,
  dims: readonly number[],
) => OrtTensor;

/**
 * Data that ONNX Runtime gave. Node 24 and later have a Float16Array, and onnxruntime-common gives float16 as one; here a float16 tensor is its
 * bit patterns, in a Uint16Array on every Node.
 */
export function fromOrtData(data: TypedArray): TypedArray {
  return data.constructor.name === 'Float16Array'
    ? new Uint16Array(data.buffer, data.byteOffset, data.length)
    : data;
}

/**
 * A tensor as onnxruntime-node takes it, over the same memory. Where Node has a Float16Array, onnxruntime-common makes one of float16 data, and the
 * addon (1.30.0) then counts none of its bytes: `data`, which the addon reads, stays the Uint16Array that it is elsewhere.
 */
export function ortTensor(Constructor: OrtTensorConstructor, { dtype, dims, data }: Tensor): OrtTensor {
  const made = new Constructor(dtype as 'float32', data as Float32Array, dims);
  if (dtype === 'float16') Object.defineProperty(made, 'data', { value: data });
  return made;
}
