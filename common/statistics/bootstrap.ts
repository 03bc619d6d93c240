/** The middle 95 per cent of what a statistic comes to over resamples. */
interface Interval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;
const SEED = 0x9e3779b9;

/**
 * The 95 per cent percentile interval of a statistic by bootstrap (Efron 1979): over 2,000 draws of as many values, with replacement. The
 * draws are the same in every run. @throws RangeError for no values
 */
export function bootstrapInterval(
  values: readonly number[],
  statistic: (sample: readonly number[]) => number,
): Interval {
  if (values.length === 0) throw new RangeError('no values to draw from');
  const next = uniform(SEED);
  const results = Float64Array.from({ length: RESAMPLES }, () =>
    statistic(values.map(() => values[Math.floor(next() * values.length)] as number)),
  ).sort();
  const at = (share: number): number => results[Math.round(share * (RESAMPLES - 1))] as number;
  return { low: at(0.025), high: at(0.975) };
}

/** Numbers in [0, 1): a 32-bit counter through a mixing function (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
