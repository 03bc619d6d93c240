import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { randn, TorchGenerator } from '../../common/random/index.js';
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

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(Math.abs((actual[i] as number) - value)).toBeLessThan(2e-6));
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
