import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { resizePicture } from '../../../common/image/index.js';

const [WIDTH, HEIGHT] = [13, 9];
const picture = {
  width: WIDTH,
  height: HEIGHT,
  data: Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    return (x * 19 + y * 37 + c * 71 + ((x * y * c) % 23) * 5) % 256;
  }),
};

/** SHA-256 (its beginning) of what Pillow 12 gives for the same picture. */
test.each([
  [7, 5, 'lanczos', 'b1631d9cc809d4b7'],
  [7, 5, 'bicubic', '3de13aa08100ab57'],
  [20, 31, 'lanczos', '7811f16f04cb7d9a'],
  [20, 31, 'bicubic', '463d1b6d2bf24036'],
  [13, 4, 'lanczos', '3c5c43994745f548'],
  [13, 4, 'bicubic', '8002d98549a5f197'],
  [6, 9, 'lanczos', 'b629dfa96a4f296f'],
  [6, 9, 'bicubic', '16ab636e5e8b2e61'],
] as const)('%i x %i with %s has the bytes that Pillow gives', (width, height, filter, sha256) => {
  const { data } = resizePicture(picture, width, height, filter);
  expect(data).toHaveLength(width * height * 3);
  expect(createHash('sha256').update(data).digest('hex').slice(0, 16)).toBe(sha256);
});

test('a picture of that size is left as it is', () => {
  expect(resizePicture(picture, WIDTH, HEIGHT)).toBe(picture);
});
