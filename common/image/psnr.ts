import { AsyncDiffError } from '../errors/index.js';

/**
 * Peak signal-to-noise ratio in dB, 10 log10(peak^2 / mean squared error), over all samples; Infinity where the two are equal.
 * `peak` is the range of a sample: 255 for bytes, 1 for [0, 1]. Throws `invalid_input` where the lengths differ or are 0.
 */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>, peak: number): number {
  if (a.length !== b.length || a.length === 0) {
    throw new AsyncDiffError('invalid_input', `cannot compare images of ${a.length} and ${b.length} samples`);
  }
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return 10 * Math.log10((peak * peak * a.length) / sum);
}
