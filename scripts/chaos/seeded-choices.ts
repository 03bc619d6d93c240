import { Mt19937 } from '../../common/random/index.js';

/** Choices that a seed makes: the same seed, the same choices in the same order. */
export class SeededChoices {
  readonly #bits: Mt19937;

  constructor(seed: number) {
    this.#bits = new Mt19937(seed);
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + (this.#bits.next() % (max - min + 1));
  }

  /** True in so many of a hundred. */
  percent(share: number): boolean {
    return this.whole(0, 99) < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)] as T;
  }

  /** One of these names, each as often as its weight says beside the others. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.whole(
      1,
      entries.reduce((sum, [, weight]) => sum + weight, 0),
    );
    const found = entries.find(([, weight]) => {
      left -= weight;
      return left <= 0;
    });
    return (found as [K, number])[0];
  }
}
