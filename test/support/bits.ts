import { expect } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import type { RunResult } from './denoise-settings.js';

/** The bytes of a tensor: what "bit for bit" compares (NaN and -0 included). */
export function bytesOf({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Fails with the largest difference where two tensors are not the same bits. */
export function expectSameBits(actual: Tensor, expected: Tensor, what: string): void {
  expect(actual.dims, what).toEqual(expected.dims);
  if (bytesOf(actual).equals(bytesOf(expected))) return;
  expect.fail(`${what}: differs, by ${maxAbsDifference(actual, expected)} at most`);
}

export function maxAbsDifference(a: Tensor, b: Tensor): number {
  let largest = 0;
  const [left, right] = [a.data as Float32Array, b.data as Float32Array];
  if (left.length !== right.length) return Number.POSITIVE_INFINITY;
  for (let at = 0; at < left.length; at++) {
    const difference = Math.abs((left[at] as number) - (right[at] as number));
    // Not Math.max: NaN must count as a difference.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Every step's noise prediction, and what comes out at the end, of the run that was watched and of the one that was not. */
export function expectSameRun(actual: RunResult, expected: RunResult): void {
  expect(actual.eps.length).toBe(expected.eps.length);
  for (const [step, eps] of actual.eps.entries())
    expectSameBits(eps, expected.eps[step] as Tensor, `eps of step ${step}`);
  expectSameBits(actual.latents, expected.latents, 'final latents');
  if (actual.unwatchedLatents !== undefined)
    expectSameBits(
      actual.unwatchedLatents,
      expected.latents,
      'final latents of the run whose steps nobody watched',
    );
}
