export { decodeFloat16, encodeFloat16 } from './float16.js';
export type { TensorMeta } from './tensor-meta.js';
export {
  arrayOf,
  type DType,
  DTYPES,
  elementBytes,
  elementCount,
  float32,
  formatDims,
  joinBatch,
  parseDType,
  type Tensor,
  TENSOR_ALIGNMENT_BYTES,
  tensorBytes,
  type TypedArray,
  zeros,
} from './tensor.js';
export type { ValueSpec } from './value-spec.js';
