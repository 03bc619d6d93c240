import { float32, type Tensor } from '../../../common/tensor/index.js';
import { floatsOf } from './tensor-rows.js';
import type { Size } from './size-bins.js';

const f = Math.fround;

/**
 * Planes [B, C, height, width] made so large that they cover `size`, and cut to it around the middle (diffusers' `resize_and_crop_tensor`).
 */
export function resizeAndCrop(planes: Tensor, size: Size): Tensor {
  const [batch = 1, channels = 1, height = 1, width = 1] = planes.dims;
  if (height === size.height && width === size.width) return planes;
  const ratio = Math.max(size.height / height, size.width / width);
  const whole = { height: Math.trunc(height * ratio), width: Math.trunc(width * ratio) };
  const rows = taps(height, whole.height, Math.floor((whole.height - size.height) / 2), size.height);
  const columns = taps(width, whole.width, Math.floor((whole.width - size.width) / 2), size.width);
  const from = floatsOf(planes);
  const to = new Float32Array(batch * channels * rows.length * columns.length);
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane += 1) {
    const start = plane * height * width;
    for (const row of rows)
      for (const column of columns) {
        const line = (y: number): number => {
          const first = f((1 - column.share) * (from[start + y * width + column.first] as number));
          return f(first + f(column.share * (from[start + y * width + column.second] as number)));
        };
        to[at] = f(f(1 - row.share) * line(row.first)) + f(row.share * line(row.second));
        at += 1;
      }
  }
  return float32(to, [batch, channels, rows.length, columns.length]);
}

/** The two elements that one of a resized axis lies between, and the second one's share. */
interface Tap {
  readonly first: number;
  readonly second: number;
  readonly share: number;
}

/** torch's bilinear interpolation without `align_corners`, of `count` places from `start` on. */
function taps(from: number, to: number, start: number, count: number): Tap[] {
  const scale = f(from / to);
  return Array.from({ length: Math.min(count, to - start) }, (_, i) => {
    const place = Math.max(0, f(f(scale * f(start + i + 0.5)) - 0.5));
    const first = Math.min(from - 1, Math.floor(place));
    return { first, second: Math.min(from - 1, first + 1), share: f(place - first) };
  });
}
