import type { Guidance } from '../common/guidance/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { formatDims, type Tensor } from '../common/tensor/index.js';
import { castFloat } from './float-ops.js';

const f = Math.fround;

/**
 * Classifier-free guidance, u + g (c - u), on a prediction [unconditional; conditional] along the batch, and what {@link Guidance} says of the
 * result. Every operation rounds to float32, as torch's does, so that all executors and the official code agree; sums are taken in float64.
 */
export function applyGuidance(prediction: Tensor, guidance: Guidance): Tensor {
  const both = castFloat(prediction, 'float32');
  const data = both.data as Float32Array;
  const half = data.length / 2;
  const batch = (both.dims[0] ?? 0) / 2;
  if (!Number.isInteger(batch)) {
    throw new AsyncDiffError(
      'invalid_input',
      `guidance needs an even batch, the prediction is ${formatDims(both.dims)}`,
    );
  }
  const [unconditional, conditional] = [data.subarray(0, half), data.subarray(half)];
  const dims = [batch, ...both.dims.slice(1)];
  const guided = combine(unconditional, conditional, dims, guidance);
  const { rescale = 0, keepsNorm = false } = guidance;
  if (rescale > 0) rescaleRows(guided, conditional, half / batch, rescale);
  if (keepsNorm) keepNorms(guided, conditional, dims.at(-1) ?? 1);
  return { dtype: 'float32', dims, data: guided };
}

function combine(
  unconditional: Float32Array,
  conditional: Float32Array,
  dims: readonly number[],
  { scale, lastScale }: Guidance,
): Float32Array {
  const [batch = 1, entries = 1] = dims;
  const count = lastScale === undefined ? 1 : entries;
  const scales = linspace(scale, lastScale ?? scale, count);
  const inner = unconditional.length / batch / count;
  const guided = new Float32Array(unconditional.length);
  for (let start = 0, at = 0; start < guided.length; start += inner, at += 1) {
    const own = scales[at % count] as number;
    for (let i = start; i < start + inner; i++) {
      const from = unconditional[i] as number;
      guided[i] = from + f(own * f((conditional[i] as number) - from));
    }
  }
  return guided;
}

/** torch.linspace in float32: counted from the nearer end. */
function linspace(first: number, last: number, count: number): Float32Array {
  const step = count === 1 ? 0 : f(f(f(last) - f(first)) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? f(f(first) + f(step * i)) : f(f(last) - f(step * (count - 1 - i))),
  );
}

/** diffusers' `rescale_noise_cfg`, arXiv 2305.08891, section 3.4. */
function rescaleRows(guided: Float32Array, conditional: Float32Array, length: number, share: number): void {
  const [ofRescaled, ofGuided] = [f(share), f(1 - share)];
  for (let start = 0; start < guided.length; start += length) {
    const row = guided.subarray(start, start + length);
    const ratio = f(deviation(conditional.subarray(start, start + length)) / deviation(row));
    for (let i = 0; i < length; i++) {
      const value = row[i] as number;
      row[i] = f(ofRescaled * f(value * ratio)) + f(ofGuided * value);
    }
  }
}

/** Standard deviation with n - 1, as torch's. */
function deviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return f(Math.sqrt(squares / (values.length - 1)));
}

function keepNorms(guided: Float32Array, conditional: Float32Array, length: number): void {
  for (let start = 0; start < guided.length; start += length) {
    const row = guided.subarray(start, start + length);
    const ratio = f(norm(conditional.subarray(start, start + length)) / norm(row));
    for (let i = 0; i < length; i++) row[i] = (row[i] as number) * ratio;
  }
}

function norm(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return f(Math.sqrt(squares));
}
