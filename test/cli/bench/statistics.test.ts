import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { pairedRatios, summarize } from '../../../cli/bench/index.js';
import { median } from '../../../common/statistics/index.js';

it('gives the median and the extremes', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(summarize([4])).toEqual({ median: 4, min: 4, max: 4 });
  expect(median([1, 2])).toBe(1.5);
  expect(median([])).toBe(0);
});

it('gives the interquartile range from four values on, as NumPy does', () => {
  expect(summarize([1, 2, 3, 4])).toEqual({ median: 2.5, min: 1, max: 4, iqr: 1.5 });
  expect(summarize([1, 2, 3])).not.toHaveProperty('iqr');
});

it('compares each run with the sequential one before it', () => {
  // The machine became half as fast in between: the ratio of medians would say 2.7.
  expect(pairedRatios([2, 4, 4], [1, 2, 2])).toEqual([2, 2, 2]);
});

it('keeps its figures in order, whatever the values', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
      const { median, min, max } = summarize(values);
      expect(min).toBeLessThanOrEqual(median);
      expect(median).toBeLessThanOrEqual(max);
      const below = values.filter((value) => value <= median).length;
      expect(below).toBeGreaterThanOrEqual(values.length / 2);
    }),
  );
});
