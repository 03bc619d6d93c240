import { describe, expect, test } from 'vitest';
import { float32 } from '../../../common/tensor/index.js';
import { nearestBin } from '../../../coordinator/pipeline/kit/index.js';
import { resizeAndCrop } from '../../../coordinator/pipeline/kit/resize-planes.js';

describe('sizes that a model was trained on', () => {
  test.each([
    // By diffusers' classify_height_width_bin.
    [256, [200, 250], [224, 272]],
    [512, [512, 512], [512, 512]],
    [1024, [1000, 3000], [576, 1728]],
    [1024, [3000, 1000], [1728, 576]],
    // 2.89 is in the tables of 2048 and 4096 only.
    [1024, [2890, 1000], [1728, 576]],
    [2048, [2890, 1000], [3328, 1152]],
    [4096, [100, 384], [2048, 7936]],
  ] as const)('of %i: %j is drawn as %j', (edge, [height, width], [ownHeight, ownWidth]) => {
    expect(nearestBin(edge, { height, width })).toEqual({ height: ownHeight, width: ownWidth });
  });

  test.each([
    [
      { width: 5, height: 7 },
      [0.29552, 0.456994, 0.608379, 0.73959, 0.842812, 0.498266, 0.561839, 0.614618, 0.645807, 0.653549],
    ],
    [
      { width: 5, height: 2 },
      [0.185091, 0.448028, 0.653558, 0.777354, 0.804481, 0.247869, 0.031988, -0.186566, -0.381788, -0.530354],
    ],
  ])('planes to %j, as torch has it', (size, expected) => {
    const values = Float32Array.from({ length: 24 }, (_, i) => Math.sin(0.3 * i));
    const { data, dims } = resizeAndCrop(float32(values, [1, 1, 4, 6]), size);
    expect(dims).toEqual([1, 1, size.height, size.width]);
    expected.forEach((value, i) => expect(data[i]).toBeCloseTo(value, 5));
  });
});
