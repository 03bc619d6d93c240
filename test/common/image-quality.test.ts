import { expect, test } from 'vitest';
import { type ImageShape, psnr, ssim } from '../../common/image/index.js';

const shape: ImageShape = { width: 16, height: 13, channels: 1, peak: 1 };
const pattern = (shift: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.5 + 0.4 * Math.sin(i * 0.7 + shift) * Math.cos(i * 0.11));

/** SSIM straight from the paper: every window on its own, two-dimensional weights, centred sums. */
function ssimByTheBook(a: Float32Array, b: Float32Array, width: number, height: number): number {
  const weights = new Map<string, number>();
  for (let dy = -5; dy <= 5; dy += 1) {
    for (let dx = -5; dx <= 5; dx += 1) weights.set(`${dx},${dy}`, Math.exp(-(dx * dx + dy * dy) / 4.5));
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const values: number[] = [];
  for (let y = 5; y < height - 5; y += 1) {
    for (let x = 5; x < width - 5; x += 1) {
      const mean = (of: (i: number) => number): number => {
        let sum = 0;
        for (const [key, weight] of weights) {
          const [dx, dy] = key.split(',').map(Number) as [number, number];
          sum += (weight / total) * of((y + dy) * width + x + dx);
        }
        return sum;
      };
      const mx = mean((i) => a[i] as number);
      const my = mean((i) => b[i] as number);
      const vx = mean((i) => ((a[i] as number) - mx) ** 2);
      const vy = mean((i) => ((b[i] as number) - my) ** 2);
      const cov = mean((i) => ((a[i] as number) - mx) * ((b[i] as number) - my));
      values.push(
        ((2 * mx * my + 1e-4) * (2 * cov + 9e-4)) / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4)),
      );
    }
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('PSNR of a known error', () => {
  expect(psnr(new Float32Array([0, 0, 0, 0]), new Float32Array([0, 0, 0, 2]), 10)).toBeCloseTo(20, 10);
  expect(psnr(new Float32Array([1, 2]), new Float32Array([1, 2]), 255)).toBe(Number.POSITIVE_INFINITY);
});

test('SSIM equals the formula of the paper, window by window', () => {
  const a = pattern(0, 16 * 13);
  const b = pattern(0.4, 16 * 13);
  expect(ssim(a, b, shape)).toBeCloseTo(ssimByTheBook(a, b, 16, 13), 10);
});

test('SSIM is 1 for equal images, symmetric, and falls with the error', () => {
  const a = pattern(0, 16 * 13);
  const [near, far] = [pattern(0.1, 16 * 13), pattern(1.5, 16 * 13)];
  expect(ssim(a, a, shape)).toBeCloseTo(1, 12);
  expect(ssim(a, near, shape)).toBeCloseTo(ssim(near, a, shape), 12);
  expect(ssim(a, far, shape)).toBeLessThan(ssim(a, near, shape));
});

test('RGB is compared on luma: a grey RGB image counts like its grey plane', () => {
  const [a, b] = [pattern(0, 16 * 13), pattern(0.4, 16 * 13)];
  const rgb = (grey: Float32Array): number[] => Array.from(grey).flatMap((value) => [value, value, value]);
  expect(ssim(rgb(a), rgb(b), { ...shape, channels: 3 })).toBeCloseTo(ssim(a, b, shape), 12);
});

test('sizes that do not fit are refused', () => {
  expect(() => psnr(new Float32Array(2), new Float32Array(3), 1)).toThrow('[invalid_input]');
  expect(() => ssim(new Float32Array(3), new Float32Array(3), shape)).toThrow('16x13x1 takes 208');
  expect(() =>
    ssim(new Float32Array(100), new Float32Array(100), { ...shape, width: 10, height: 10 }),
  ).toThrow('at least 11x11');
});
