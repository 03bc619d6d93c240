import { AsyncDiffError } from '../common/errors/index.js';
import { arrayOf, elementCount, encodeFloat16, type Tensor } from '../common/tensor/index.js';
import type { ValueSpec } from '../common/tensor/index.js';

/**
 * A timestep as the predictor takes it: int64 or a float type, a scalar or one per batch element. Fractions (Euler) are
 * cut off for integer inputs, as diffusers' ONNX pipelines do.
 */
export function scalarTensor(input: ValueSpec, value: number): Tensor {
  const { dtype, dims } = input;
  const count = elementCount(dims);
  if (dtype === 'float16') return { dtype, dims, data: encodeFloat16(new Float32Array(count).fill(value)) };
  const data = new (arrayOf(dtype))(count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(Math.trunc(value)));
  else if (data instanceof Float32Array || data instanceof Float64Array) data.fill(value);
  else if (dtype === 'int32') data.fill(Math.trunc(value));
  else throw new AsyncDiffError('model_unsupported', `the timestep input "${input.name}" is ${dtype}`);
  return { dtype, dims, data };
}
