import { div, mul, sqrt, square, sub } from './float32.js';

/** A step from one sigma to another, split into a deterministic one to `down` and fresh noise of `up`. */
export function ancestralSplit(from: number, to: number): { readonly up: number; readonly down: number } {
  const up = sqrt(div(mul(square(to), sub(square(from), square(to))), square(from)));
  return { up, down: sqrt(sub(square(to), square(up))) };
}
