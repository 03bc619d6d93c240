import type { DType, TypedArray } from '../common/tensor/index.js';

/**
 * Data that ONNX Runtime gave. Node 24 and later have a Float16Array, and onnxruntime-common gives float16 as one; here a float16 tensor is its
 * bit patterns, in a Uint16Array on every Node.
 */
export function fromOrtData(data: TypedArray): TypedArray {
  return data.constructor.name === 'Float16Array'
    ? new Uint16Array(data.buffer, data.byteOffset, data.length)
    : data;
}

/** The same memory as onnxruntime-common takes it: float16 as a Float16Array where there is one, as a Uint16Array elsewhere. */
export function toOrtData(dtype: DType, data: TypedArray): TypedArray {
  const half = (globalThis as { readonly Float16Array?: Uint16ArrayConstructor }).Float16Array;
  if (dtype !== 'float16' || half === undefined) return data;
  return new half(data.buffer as ArrayBuffer, data.byteOffset, data.length);
}
