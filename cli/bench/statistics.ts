import { median } from '../../common/statistics/index.js';

/** A measured quantity over the repetitions. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Interquartile range, from four repetitions on. */
  readonly iqr?: number;
}

const MIN_FOR_IQR = 4;

/** Median, extremes and, from four values on, the interquartile range. @throws RangeError for no values */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no values to summarize');
  const sorted = [...values].sort((a, b) => a - b);
  const extremes = {
    median: median(values),
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
  };
  if (sorted.length < MIN_FOR_IQR) return extremes;
  return { ...extremes, iqr: quantile(sorted, 0.75) - quantile(sorted, 0.25) };
}

/**
 * Speed-up of each repetition over the sequential run just before it: on a machine that slows down and recovers, the two
 * of a pair share its state, while the ratio of two medians may compare different minutes.
 */
export function pairedRatios(sequential: readonly number[], measured: readonly number[]): number[] {
  return measured.map((seconds, index) => (sequential[index] as number) / seconds);
}

/** Linear interpolation between order statistics (Hyndman and Fan's type 7, NumPy's default). */
function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
