import { arrayOf, type Tensor } from './tensor.js';

/** Tensors one after another along the batch; the tensor itself where there is one. */
export function joinBatch(parts: readonly Tensor[]): Tensor {
  const [first, ...others] = parts as [Tensor, ...Tensor[]];
  if (others.length === 0) return first;
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (arrayOf(first.dtype))(length);
  let at = 0;
  for (const part of parts) {
    (data as Float32Array).set(part.data as Float32Array, at);
    at += part.data.length;
  }
  const batch = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 1), 0);
  return { dtype: first.dtype, dims: [batch, ...first.dims.slice(1)], data };
}
