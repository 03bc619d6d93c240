import { seedSequence } from './seed-sequence.js';
import { TorchGenerator } from './torch-generator.js';

const POOL_SIZE = 24;
/** Points in time are told apart to so many decimals: torchsde's tol of 1e-6. */
const DIGITS = 6;
/** More than the path from the root to the finest interval. */
const MAX_CACHED = 64;

/** A part of the path's time, split in half on demand. */
interface Interval {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** The way down from the root, left 0 and right 1, as a number. */
  readonly key: bigint;
}

/**
 * A Brownian path over an interval of time, `length` values wide: torchsde's `BrownianInterval(t0, t1, size, entropy, tol=1e-6, pool_size=24,
 * halfway_tree=True)`. The path is a dyadic tree of seeded increments, so that the increment between two times depends on the seed and the
 * two times only, not on what was asked before.
 */
export class BrownianInterval {
  readonly #root: Interval;
  readonly #length: number;
  readonly #entropy: bigint;
  readonly #whole: Float32Array;
  readonly #cache = new Map<string, Float32Array>();

  constructor(start: number, end: number, length: number, entropy: bigint) {
    this.#root = { start: rounded(start), end: rounded(end), depth: 0, key: 0n };
    this.#length = length;
    this.#entropy = entropy;
    const [seed = 0] = seedSequence(entropy, [], POOL_SIZE, 3);
    const spread = Math.fround(Math.sqrt(end - start));
    this.#whole = this.#normal(seed).map((value) => value * spread);
  }

  /** What the path gains from one time to a later one; times outside the interval are moved to its ends. */
  increment(from: number, to: number): Float32Array {
    const { start, end } = this.#root;
    const [low, high] = [from, to].map((time) => rounded(Math.min(Math.max(time, start), end))) as [
      number,
      number,
    ];
    const sum = new Float32Array(this.#length);
    if (low >= high) return sum;
    let isFirst = true;
    for (const gain of this.#gains(low, high, this.#root, this.#whole)) {
      if (isFirst) sum.set(gain);
      else for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] as number) + (gain[i] as number);
      isFirst = false;
    }
    return sum;
  }

  /** The increments of the tree's intervals that make up `low` to `high`, in the order of time. */
  *#gains(low: number, high: number, interval: Interval, gain: Float32Array): Generator<Float32Array> {
    if (low === interval.start && high === interval.end) {
      yield gain;
      return;
    }
    const middle = rounded(0.5 * (interval.start + interval.end));
    const [left, right] = halves(interval, middle);
    const leftGain = this.#leftGain(interval, middle, gain);
    if (low < middle) yield* this.#gains(low, Math.min(high, middle), left, leftGain);
    if (high > middle) {
      const rightGain = gain.map((value, i) => value - (leftGain[i] as number));
      yield* this.#gains(Math.max(low, middle), high, right, rightGain);
    }
  }

  /** The increment of the left half, given the whole one's: a Brownian bridge. */
  #leftGain({ start, end, depth, key }: Interval, middle: number, gain: Float32Array): Float32Array {
    const name = `${depth}/${key}`;
    const known = this.#cache.get(name);
    if (known !== undefined) return known;
    const [seed = 0] = seedSequence(this.#entropy, [key, depth], POOL_SIZE, 4);
    const noise = this.#normal(seed);
    const share = 1 / (end - start);
    const [before, after] = [middle - start, end - middle];
    const spread = Math.fround(Math.sqrt(before * after * share));
    const [weight, scale] = [Math.fround(before), Math.fround(share)];
    const left = gain.map((value, i) => {
      const mean = Math.fround(Math.fround(weight * value) * scale);
      return mean + Math.fround(spread * (noise[i] as number));
    });
    if (this.#cache.size >= MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value as string);
    this.#cache.set(name, left);
    return left;
  }

  #normal(seed: number): Float32Array {
    return new TorchGenerator(seed).randn([this.#length]).data as Float32Array;
  }
}

function halves({ start, end, depth, key }: Interval, middle: number): readonly [Interval, Interval] {
  return [
    { start, end: middle, depth: depth + 1, key: 2n * key },
    { start: middle, end, depth: depth + 1, key: 2n * key + 1n },
  ];
}

/** Python's round(x, 6): exact halves go to the even digit, which toFixed does not do. */
function rounded(time: number): number {
  const exact = Math.abs(time).toFixed(20);
  const point = exact.indexOf('.');
  const fixed = Number(time.toFixed(DIGITS));
  if (!/^50*$/.test(exact.slice(point + 1 + DIGITS))) return fixed;
  const digit = Number(exact[point + DIGITS]);
  const down = Number(exact.slice(0, point + 1 + DIGITS)) * Math.sign(time);
  return digit % 2 === 0 ? down : fixed;
}
