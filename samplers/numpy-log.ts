import { f } from './float32.js';

/**
 * numpy's logarithm of a float32 number, to the bit: x86 processors with AVX2 or AVX512 get a rational approximation there that
 * differs from the nearest float32 in one of twenty, and timesteps that are cut to whole numbers follow it.
 */
export function numpyLog(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return f(Math.log(x));
  let exponent = Math.floor(Math.log2(x)) + 1;
  let mantissa = x / 2 ** exponent;
  // The logarithm of a number next to a power of two may round over it.
  if (mantissa >= 1) [mantissa, exponent] = [mantissa / 2, exponent + 1];
  else if (mantissa < 0.5) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  if (mantissa <= f(Math.SQRT1_2)) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  const rest = f(mantissa - 1);
  return f(exponent * f(Math.LN2) + f(horner(NUMERATOR, rest) / horner(DENOMINATOR, rest)));
}

/** Fused: the product of two float32 numbers is exact in a double, so that each step rounds once. */
function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => f(sum * x + coefficient));
}

const NUMERATOR = Object.freeze(
  [
    0.025899791179079226, 0.3808837741388408, 1.4800006335765066, 2.112677543073053, 0.9999999999999999, 0,
  ].map(f),
);
const DENOMINATOR = Object.freeze(
  [
    0.005875095403124574, 0.15464763749839067, 0.9864942958519419, 2.453006071784736, 2.6126775430731093, 1,
  ].map(f),
);
