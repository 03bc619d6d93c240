export { decodeFloat16, encodeFloat16 } from './float16.js';
export type { DType, Tensor, TypedArray } from './tensor.js';
export type { TensorMeta } from './tensor-meta.js';
export {
  arrayOf,
  DTYPES,
  elementBytes,
  elementCount,
  float32,
  formatDims,
  TENSOR_ALIGNMENT_BYTES,
  tensorBytes,
  zeros,
} from './tensor.js';
export type { ValueSpec } from './value-spec.js';
