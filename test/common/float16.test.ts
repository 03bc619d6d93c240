import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16 } from '../../common/tensor/index.js';

/** IEEE 754 by the book: the value of a bit pattern. */
function valueOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** The nearest half of a finite or infinite value, ties to even, found in the sorted list of all positive ones. */
function nearest(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  let [low, high] = [0, 0x7c00];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (valueOf(middle) <= size) low = middle;
    else high = middle;
  }
  // IEEE rounds to infinity as if the next power of two were still a number.
  const above = high === 0x7c00 ? 65536 : valueOf(high);
  if (size >= 65536) return sign | 0x7c00;
  const [down, up] = [size - valueOf(low), above - size];
  if (down === up) return sign | (low % 2 === 0 ? low : high);
  return sign | (down < up ? low : high);
}

const words = (bits: Uint32Array): Float32Array => new Float32Array(bits.buffer);
const all = Uint16Array.from({ length: 65536 }, (_, i) => i);

test('every pattern decodes to its value and encodes back to itself', () => {
  const values = decodeFloat16(all);
  expect(Array.from(values)).toEqual(Array.from(all, valueOf));
  expect(encodeFloat16(values)).toEqual(all);
});

test('every midpoint between two halves, and its neighbours, round to nearest even', () => {
  const bits: number[] = [];
  for (let half = 0; half < 0x7c00; half += 1) {
    const above = half + 1 === 0x7c00 ? 65536 : valueOf(half + 1);
    const middle = new Uint32Array(Float32Array.of((valueOf(half) + above) / 2).buffer)[0] as number;
    for (const word of [middle - 1, middle, middle + 1]) bits.push(word, (word | 0x80000000) >>> 0);
  }
  const values = words(Uint32Array.from(bits));
  expect(encodeFloat16(values)).toEqual(Uint16Array.from(values, nearest));
});

test('any float32 rounds to the nearest half; NaN stays NaN', () => {
  fc.assert(
    fc.property(fc.uint32Array({ minLength: 1, maxLength: 64 }), (bits) => {
      const values = words(Uint32Array.from(bits));
      encodeFloat16(values).forEach((half, i) => {
        const value = values[i] as number;
        if (Number.isNaN(value)) expect(valueOf(half)).toBeNaN();
        else expect(half).toBe(nearest(value));
      });
    }),
    { numRuns: 500 },
  );
});

test('views into a larger buffer are read where they start', () => {
  const values = new Float32Array([9, 1, -2]).subarray(1);
  expect(Array.from(encodeFloat16(values))).toEqual([0x3c00, 0xc000]);
  expect(Array.from(decodeFloat16(Uint16Array.of(9, 0x3c00, 0xc000).subarray(1)))).toEqual([1, -2]);
});
