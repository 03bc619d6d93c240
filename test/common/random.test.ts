import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { BrownianInterval, randn, seedSequence, TorchGenerator } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';

interface Draw {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** Recorded from torch 1.13.0 (Debian, x86-64 CPU). */
const recorded = JSON.parse(readFileSync(join(packageRoot, 'test/data/torch-randn.json'), 'utf8')) as {
  readonly single: readonly (Draw & { readonly seed: string })[];
  readonly sequences: readonly { readonly seed: string; readonly draws: readonly Draw[] }[];
  readonly large: {
    readonly seed: string;
    readonly dims: readonly number[];
    readonly first: readonly number[];
    readonly last: readonly number[];
    readonly sum: number;
    readonly sumOfSquares: number;
  };
};

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 2e-6): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs((actual[i] as number) - value)).toBeLessThan(tolerance));
}

const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

describe('torch.randn', () => {
  test.each(recorded.single)('seed $seed, shape $dims', ({ seed, dims, values }) => {
    const tensor = randn(BigInt(seed), dims);
    expect(tensor.dims).toEqual(dims);
    expectClose(floats(tensor), values);
  });

  test.each(recorded.sequences)('consecutive draws of seed $seed', ({ seed, draws }) => {
    const generator = new TorchGenerator(BigInt(seed));
    for (const { dims, values } of draws) expectClose(floats(generator.randn(dims)), values);
  });

  test('a batch of latents, past the first reload of the twister', () => {
    const { seed, dims, first, last, sum, sumOfSquares } = recorded.large;
    const values = floats(randn(Number(seed), dims));
    expectClose(values.subarray(0, 8), first);
    expectClose(values.subarray(-8), last);
    expect(values.reduce((total, x) => total + x, 0)).toBeCloseTo(sum, 2);
    expect(values.reduce((total, x) => total + x * x, 0)).toBeCloseTo(sumOfSquares, 1);
  });

  test('a number and a bigint of the same value are the same seed', () => {
    expect(randn(7, [32])).toEqual(randn(7n, [32]));
  });

  test.each([0.5, Number.NaN, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n])('seed %s is refused', (seed) => {
    expect(() => randn(seed, [1])).toThrow(/\[invalid_settings\] seed/);
  });
});

interface Torchsde {
  readonly intervals: readonly {
    readonly start: number;
    readonly end: number;
    readonly length: number;
    readonly entropy: string;
    readonly increments: readonly {
      readonly from: number;
      readonly to: number;
      readonly values: readonly number[];
    }[];
  }[];
  readonly seedSequences: readonly {
    readonly entropy: string;
    readonly spawnKey: readonly string[];
    readonly poolSize: number;
    readonly state: readonly number[];
  }[];
}

/** Recorded from torchsde 0.2.6 (torch 2.15) and numpy 2.4. */
const torchsde = JSON.parse(readFileSync(join(packageRoot, 'test/data/torchsde.json'), 'utf8')) as Torchsde;

describe('Brownian paths', () => {
  test.each(torchsde.seedSequences)('numpy.random.SeedSequence($entropy)', (sequence) => {
    const spawnKey = sequence.spawnKey.map(BigInt);
    expect(seedSequence(BigInt(sequence.entropy), spawnKey, sequence.poolSize, 4)).toEqual(sequence.state);
  });

  test.each(torchsde.intervals)('torchsde.BrownianInterval of $length values', (recording) => {
    const { start, end, length, entropy, increments } = recording;
    const path = new BrownianInterval(start, end, length, BigInt(entropy));
    for (const { from, to, values } of increments) expectClose(path.increment(from, to), values, 2e-5);
    // The other way round as well: the path is what it is.
    const again = new BrownianInterval(start, end, length, BigInt(entropy));
    for (const { from, to, values } of increments.toReversed())
      expectClose(again.increment(from, to), values, 2e-5);
  });

  test('skipping draws what randn would have drawn', () => {
    for (const elements of [3, 8, 16, 17, 64, 100]) {
      const [skipped, drawn] = [new TorchGenerator(3), new TorchGenerator(3)];
      skipped.skip(elements);
      drawn.randn([elements]);
      expect(skipped.randn([20])).toEqual(drawn.randn([20]));
    }
  });
});
