import { psnr, ssim } from '../../common/image/index.js';
import { meanSquaredError, variance } from '../../common/statistics/index.js';
import type { Tensor } from '../../common/tensor/index.js';

/** Latents and picture of one run. */
export interface Drawn {
  /** Final latents, float32. */
  readonly latents: Tensor;
  /** float32 [height, width, 3] in [0, 1], not rounded. */
  readonly picture: Tensor;
}

/** How far a run is from the sequential one with the same prompt and seed. */
export interface Comparison {
  /** Mean square of the difference of the latents. */
  readonly latentMse: number;
  /** The same over the variance of the sequential latents. */
  readonly relativeLatentMse: number;
  /** Of the float picture, peak 1; null where the two are equal, which has no decibels. */
  readonly psnrDb: number | null;
  /** Of the float picture's luma; null where it is smaller than the window. */
  readonly ssim: number | null;
}

/** Smallest side that SSIM's window fits. */
const MIN_SSIM_PIXELS = 11;

/** @throws RangeError or AsyncDiffError `invalid_input` where sizes differ */
export function compare(run: Drawn, sequential: Drawn): Comparison {
  const [latents, expected] = [run.latents.data, sequential.latents.data] as [Float32Array, Float32Array];
  const [picture, original] = [run.picture.data, sequential.picture.data] as [Float32Array, Float32Array];
  const [height = 0, width = 0] = sequential.picture.dims;
  const latentMse = meanSquaredError(latents, expected);
  const psnrDb = psnr(picture, original, 1);
  return {
    latentMse,
    relativeLatentMse: latentMse / variance(expected),
    psnrDb: Number.isFinite(psnrDb) ? psnrDb : null,
    ssim:
      Math.min(width, height) < MIN_SSIM_PIXELS
        ? null
        : ssim(picture, original, { width, height, channels: 3, peak: 1 }),
  };
}
