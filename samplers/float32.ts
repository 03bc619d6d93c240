/** Scalars as torch computes with them: each operation rounds to float32. */
export const f = Math.fround;

export const sqrt = (x: number): number => f(Math.sqrt(x));
export const log = (x: number): number => f(Math.log(x));
export const exp = (x: number): number => f(Math.exp(x));
export const expm1 = (x: number): number => f(Math.expm1(x));
/** Products and quotients of more than two factors read from left to right. */
export const mul = (first: number, ...factors: readonly number[]): number =>
  factors.reduce((product, factor) => f(product * factor), first);
export const div = (a: number, b: number): number => f(a / b);
export const add = (a: number, b: number): number => f(a + b);
export const sub = (a: number, b: number): number => f(a - b);
export const square = (x: number): number => f(x * x);
/** A small whole power, multiplied out as torch does. */
export const power = (x: number, exponent: number): number =>
  exponent === 0 ? 1 : mul(x, ...Array.from({ length: exponent - 1 }, () => x));
