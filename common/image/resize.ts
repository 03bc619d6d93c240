import type { RgbImage } from './rgb-image.js';

/** Filters of PIL, and how far they reach. */
const FILTERS = {
  lanczos: { reach: 3, at: (x: number): number => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bicubic: { reach: 2, at: bicubic },
} as const;

type ResizeFilter = keyof typeof FILTERS;

/** Weights are whole numbers of so many binary places. */
const PRECISION = 2 ** 22;
const CHANNELS = 3;

/**
 * The picture at another size, stretched, byte for byte as PIL's `Image.resize` makes it (its `Resample.c`: rows, then columns, rounded to 8 bits in
 * between); the same one where the size is its own.
 */
export function resizePicture(
  image: RgbImage,
  width: number,
  height: number,
  filter: ResizeFilter = 'lanczos',
): RgbImage {
  if (image.width === width && image.height === height) return image;
  const wide = image.width === width ? image : resizedRows(image, weights(image.width, width, filter));
  if (height === image.height) return wide;
  return resizedColumns(wide, weights(image.height, height, filter));
}

/** What one element of a resized axis is made of. */
interface Weights {
  readonly first: number;
  readonly of: readonly number[];
}

function weights(from: number, to: number, filter: ResizeFilter): Weights[] {
  const { reach, at } = FILTERS[filter];
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const support = reach * stretch;
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const shares = Array.from({ length: end - first }, (_each, i) =>
      at((i + first - centre + 0.5) * (1 / stretch)),
    );
    const sum = shares.reduce((total, share) => total + share, 0);
    const whole = (share: number): number => {
      const scaled = (sum === 0 ? share : share / sum) * PRECISION;
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    };
    return { first, of: shares.map(whole) };
  });
}

function resizedRows({ data, width, height }: RgbImage, columns: readonly Weights[]): RgbImage {
  const made = new Uint8Array(columns.length * height * CHANNELS);
  for (let row = 0; row < height; row += 1)
    for (const [column, one] of columns.entries())
      for (let channel = 0; channel < CHANNELS; channel += 1)
        made[(row * columns.length + column) * CHANNELS + channel] = weighed(
          data,
          (row * width + one.first) * CHANNELS + channel,
          CHANNELS,
          one.of,
        );
  return { data: made, width: columns.length, height };
}

function resizedColumns({ data, width }: RgbImage, rows: readonly Weights[]): RgbImage {
  const line = width * CHANNELS;
  const made = new Uint8Array(rows.length * line);
  for (const [row, one] of rows.entries())
    for (let at = 0; at < line; at += 1)
      made[row * line + at] = weighed(data, one.first * line + at, line, one.of);
  return { data: made, width, height: rows.length };
}

function weighed(data: Uint8Array, start: number, jump: number, of: readonly number[]): number {
  let sum = PRECISION / 2;
  for (let i = 0; i < of.length; i += 1) sum += (data[start + i * jump] as number) * (of[i] as number);
  return Math.min(255, Math.max(0, Math.floor(sum / PRECISION)));
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Keys' cubic with a = -0.5. */
function bicubic(given: number): number {
  const x = Math.abs(given);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}
