import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arithmeticMean,
  bootstrapInterval,
  geometricMean,
  meanSquaredError,
  variance,
} from '../../common/statistics/index.js';

const errors = fc.array(fc.double({ min: 1e-9, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('statistics', () => {
  it('averages by products, and by sums', () => {
    expect(geometricMean([1e-8, 1e-4])).toBeCloseTo(1e-6, 12);
    expect(geometricMean([0, 1])).toBe(0);
    expect(arithmeticMean([1, 2, 6])).toBe(3);
    expect(() => geometricMean([])).toThrow(RangeError);
    expect(() => geometricMean([1, -1])).toThrow('-1');
  });

  it('bounds a mean by bootstrap, the same in every run', () => {
    fc.assert(
      fc.property(errors, (values) => {
        const { low, high } = bootstrapInterval(values, geometricMean);
        expect(bootstrapInterval(values, geometricMean)).toEqual({ low, high });
        expect(low).toBeGreaterThanOrEqual(Math.min(...values) * (1 - 1e-9));
        expect(high).toBeLessThanOrEqual(Math.max(...values) * (1 + 1e-9));
        expect(low).toBeLessThanOrEqual(high);
      }),
      { numRuns: 20 },
    );
  });

  it('gives an interval of about two standard errors on each side', () => {
    const values = Array.from({ length: 100 }, (_, at) => at % 10);
    const { low, high } = bootstrapInterval(values, arithmeticMean);
    const standardError = Math.sqrt(variance(values) / values.length);
    expect((4.5 - low) / standardError).toBeCloseTo(1.96, 0);
    expect((high - 4.5) / standardError).toBeCloseTo(1.96, 0);
  });

  it('compares values with those that were expected', () => {
    expect(meanSquaredError([1, 2, 3], [1, 4, 0])).toBeCloseTo(13 / 3, 12);
    expect(variance([1, 3])).toBe(1);
    expect(() => meanSquaredError([1], [1, 2])).toThrow('1 values with 2');
  });
});
