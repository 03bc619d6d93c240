import { AsyncDiffError } from '../common/errors/index.js';
import { decodeFloat16, encodeFloat16, joinBatch, type Tensor, type DType } from '../common/tensor/index.js';

/** `tensor` as `dtype`: itself if it has it, else converted between the float types. Throws `invalid_input` for others. */
export function castFloat(tensor: Tensor, dtype: DType): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const { dims } = tensor;
  if (tensor.dtype === 'float16' && dtype === 'float32')
    return { dtype, dims, data: decodeFloat16(tensor.data as Uint16Array) };
  if (tensor.dtype === 'float32' && dtype === 'float16')
    return { dtype, dims, data: encodeFloat16(tensor.data as Float32Array) };
  if (tensor.dtype === 'float64' && dtype === 'float32')
    return { dtype, dims, data: Float32Array.from(tensor.data as Float64Array) };
  throw new AsyncDiffError(
    'invalid_input',
    `a ${tensor.dtype} tensor was given where the model takes ${dtype}`,
  );
}

/** The latents repeated along the batch, as a whole: [x0, x1] twice is [x0, x1, x0, x1] (diffusers' `torch.cat([latents] * 2)`). */
export function repeatBatch(latents: Tensor, times: number): Tensor {
  return joinBatch(Array.from({ length: times }, () => latents));
}

/** Some rows of a batch: a view of the same memory. */
export function batchRows(tensor: Tensor, first: number, rows: number): Tensor {
  const [batch = 1, ...rest] = tensor.dims;
  const perRow = tensor.data.length / batch;
  const data = tensor.data.subarray(first * perRow, (first + rows) * perRow);
  return { dtype: tensor.dtype, dims: [rows, ...rest], data };
}

/**
 * Element by element `share` of the newer tensor and the rest of the older one, computed in float32. The newer one where it holds no
 * floats of 16 or 32 bits.
 */
export function between(older: Tensor, newer: Tensor, share: number): Tensor {
  const { dtype, dims } = newer;
  if (dtype !== 'float32' && dtype !== 'float16') return newer;
  const [a, b] = [older, newer].map((one) => castFloat(one, 'float32').data as Float32Array) as [
    Float32Array,
    Float32Array,
  ];
  const [ofNewer, ofOlder] = [Math.fround(share), Math.fround(1 - share)];
  const data = new Float32Array(b.length);
  for (let i = 0; i < data.length; i++)
    data[i] = Math.fround(ofNewer * (b[i] as number)) + Math.fround(ofOlder * (a[i] as number));
  return castFloat({ dtype: 'float32', dims, data }, dtype);
}

/** The first elements' worth of evidence that a tensor holds NaN or infinity. `most` bounds the elements looked at. */
export function isFinite(tensor: Tensor, most = Number.POSITIVE_INFINITY): boolean {
  const { dtype, data } = tensor;
  const stride = Math.max(1, Math.floor(data.length / most));
  if (dtype === 'float32' || dtype === 'float64') {
    for (let i = 0; i < data.length; i += stride) if (!Number.isFinite(data[i])) return false;
  } else if (dtype === 'float16') {
    for (let i = 0; i < data.length; i += stride) if (((data[i] as number) & 0x7c00) === 0x7c00) return false;
  }
  return true;
}
