import { AsyncDiffError } from '../errors/index.js';

/** A picture: 8-bit RGB, row by row, 3 bytes a pixel. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture that a decoder made. */
export interface DecodedImage extends RgbImage {
  /** Its samples before they were rounded to 8 bits, in [0, 1], in the order of `data`. */
  readonly floats: Float32Array;
}

/**
 * One image of a VAE, planes [3, height, width] in [-1, 1], as 8-bit RGB: clamped and rounded as diffusers'
 * `VaeImageProcessor` does. Raises `not_finite` when a value is NaN or infinite.
 */
export function toRgb8(planes: Float32Array, width: number, height: number): DecodedImage {
  const pixels = width * height;
  const data = new Uint8Array(pixels * 3);
  const floats = new Float32Array(pixels * 3);
  for (let channel = 0; channel < 3; channel += 1) {
    for (let i = 0; i < pixels; i += 1) {
      const value = planes[channel * pixels + i] as number;
      if (!Number.isFinite(value)) throw new AsyncDiffError('not_finite', `the VAE decoder gave ${value}`);
      const unit = Math.min(1, Math.max(0, value / 2 + 0.5));
      floats[i * 3 + channel] = unit;
      data[i * 3 + channel] = Math.round(unit * 255);
    }
  }
  return { width, height, data, floats };
}

/**
 * Peak signal-to-noise ratio of two pictures of one size, decibels; Infinity when they are equal.
 * Raises `invalid_input` when the sizes differ.
 */
export function imagePsnrDb(a: RgbImage, b: RgbImage): number {
  if (a.width !== b.width || a.height !== b.height) {
    throw new AsyncDiffError(
      'invalid_input',
      `pictures of ${a.width}x${a.height} and ${b.width}x${b.height} cannot be compared`,
    );
  }
  let sum = 0;
  for (let i = 0; i < a.data.length; i += 1) sum += ((a.data[i] as number) - (b.data[i] as number)) ** 2;
  return sum === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((255 * 255 * a.data.length) / sum);
}
