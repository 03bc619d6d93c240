export type { DType, Tensor, TypedArray } from './tensor.js';
export {
  arrayOf,
  DTYPES,
  elementBytes,
  elementCount,
  float32,
  formatDims,
  tensorBytes,
  zeros,
} from './tensor.js';
