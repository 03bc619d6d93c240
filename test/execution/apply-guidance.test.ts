import { describe, expect, it } from 'vitest';
import { float32 } from '../../common/tensor/index.js';
import { applyGuidance } from '../../execution/apply-guidance.js';

const BOTH = float32(Float32Array.of(1, 2, 3, 4, 2, 4, 6, 9), [2, 2, 2]);

describe('guidance beyond one scale', () => {
  it('grows along axis 1', () => {
    const { data } = applyGuidance(BOTH, { scale: 1, lastScale: 3 });
    // Entry 0 with 1: the conditional prediction; entry 1 with 3.
    expect([...data]).toEqual([2, 4, 12, 19]);
  });

  it('keeps the length of each of the conditional vectors', () => {
    const { data } = applyGuidance(BOTH, { scale: 4, keepsNorm: true });
    const norm = (at: number): number => Math.hypot(Number(data[at]), Number(data[at + 1]));
    expect(norm(0)).toBeCloseTo(Math.hypot(2, 4), 5);
    expect(norm(2)).toBeCloseTo(Math.hypot(6, 9), 5);
  });

  it('rescales to the deviation of the conditional prediction', () => {
    const { data } = applyGuidance(BOTH, { scale: 4, rescale: 1 });
    const values = [...(data as Float32Array)];
    const mean = values.reduce((sum, value) => sum + value, 0) / 4;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3);
    const own = [2, 4, 6, 9];
    const ownMean = 5.25;
    expect(deviation).toBeCloseTo(
      Math.sqrt(own.reduce((sum, value) => sum + (value - ownMean) ** 2, 0) / 3),
      5,
    );
  });
});
