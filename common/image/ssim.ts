import { AsyncDiffError } from '../errors/index.js';

/** Two images of one size: samples interleaved by channel (RGB RGB ...), row by row. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** Range of a sample: 255 for bytes, 1 for [0, 1]. */
  readonly peak: number;
}

const WINDOW = 11;
const SIGMA = 1.5;
const GAUSSIAN: Float64Array = gaussian();

/**
 * Mean structural similarity on luma: Wang, Bovik, Sheikh and Simoncelli (2004), with their 11x11 Gaussian window (sigma 1.5),
 * K1 = 0.01, K2 = 0.03, and the mean over the windows that lie wholly inside the image. RGB becomes luma by BT.601, as in
 * their code. 1 for equal images. Throws `invalid_input` for images under 11 pixels or arrays of another size.
 */
export function ssim(a: ArrayLike<number>, b: ArrayLike<number>, shape: ImageShape): number {
  const samples = shape.width * shape.height * shape.channels;
  if (a.length !== samples || b.length !== samples) {
    throw new AsyncDiffError(
      'invalid_input',
      `cannot compare images of ${a.length} and ${b.length} samples: ${shape.width}x${shape.height}x${shape.channels} takes ${samples}`,
    );
  }
  if (Math.min(shape.width, shape.height) < WINDOW) {
    throw new AsyncDiffError(
      'invalid_input',
      `SSIM needs images of at least ${WINDOW}x${WINDOW} pixels; got ${shape.width}x${shape.height}`,
    );
  }
  const x = luma(a, shape.channels);
  const y = luma(b, shape.channels);
  const blur = (plane: Float64Array): Float64Array => filter(plane, shape.width, shape.height);
  const [meanX, meanY] = [blur(x), blur(y)];
  const [meanXX, meanYY, meanXY] = [blur(product(x, x)), blur(product(y, y)), blur(product(x, y))];
  const c1 = (0.01 * shape.peak) ** 2;
  const c2 = (0.03 * shape.peak) ** 2;
  let sum = 0;
  for (let i = 0; i < meanX.length; i += 1) {
    const mx = meanX[i] as number;
    const my = meanY[i] as number;
    const varianceX = (meanXX[i] as number) - mx * mx;
    const varianceY = (meanYY[i] as number) - my * my;
    const covariance = (meanXY[i] as number) - mx * my;
    sum +=
      ((2 * mx * my + c1) * (2 * covariance + c2)) /
      ((mx * mx + my * my + c1) * (varianceX + varianceY + c2));
  }
  return sum / meanX.length;
}

function gaussian(): Float64Array {
  const half = (WINDOW - 1) / 2;
  const weights = Float64Array.from({ length: WINDOW }, (_, i) =>
    Math.exp(-((i - half) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function luma(samples: ArrayLike<number>, channels: 1 | 3): Float64Array {
  if (channels === 1) return Float64Array.from(samples);
  return Float64Array.from({ length: samples.length / 3 }, (_, i) => {
    const [r, g, b] = [samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]] as [number, number, number];
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * (b[i] as number));
}

/** The window's weighted mean at each place where it fits, one direction after the other. */
function filter(plane: Float64Array, width: number, height: number): Float64Array {
  const outWidth = width - WINDOW + 1;
  const outHeight = height - WINDOW + 1;
  const rows = new Float64Array(outWidth * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < outWidth; x += 1) rows[y * outWidth + x] = weighted(plane, y * width + x, 1);
  }
  const out = new Float64Array(outWidth * outHeight);
  for (let i = 0; i < out.length; i += 1) out[i] = weighted(rows, i, outWidth);
  return out;
}

function weighted(values: Float64Array, start: number, stride: number): number {
  let sum = 0;
  for (let k = 0; k < WINDOW; k += 1) sum += (GAUSSIAN[k] as number) * (values[start + k * stride] as number);
  return sum;
}
