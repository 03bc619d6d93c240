import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { numpyLog } from './numpy-log.js';

const f = Math.fround;

/** Table 2 of arXiv 2305.08891, in diffusers' words. */
export const timestepSpacing = z.enum(['linspace', 'leading', 'trailing']);
type TimestepSpacing = z.output<typeof timestepSpacing>;

/** numpy's linspace in double; its last value is exactly `stop`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return start;
    return i === count - 1 ? stop : i * step + start;
  });
}

/** Rounds halves to even, as numpy does and Math.round does not. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** 0, ratio, 2 ratio, ... counted down from the highest, plus the offset: "leading". */
export function leading(count: number, ratio: number, stepsOffset: number): number[] {
  return Array.from({ length: count }, (_, i) => (count - 1 - i) * ratio + stepsOffset);
}

/**
 * start, start - ratio, ... above 0, rounded, less 1: "trailing". At most `count` of them: where the ratio's own rounding makes numpy's
 * arange one longer, the surplus would be timestep -1.
 */
export function trailing(count: number, start: number, ratio: number): number[] {
  const step = start - ratio - start;
  const length = Math.min(count, Math.ceil(start / ratio));
  const timesteps = Array.from({ length }, (_, i) => roundHalfEven(start + i * step) - 1);
  if ((timesteps.at(-1) ?? -1) < 0) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${count} steps of trailing spacing do not fit into ${start} timesteps; ask for fewer steps`,
    );
  }
  return timesteps;
}

/**
 * T of the `trained` timesteps, falling, as DDIMScheduler and EulerDiscreteScheduler space them. Those of linspace are
 * fractions; DDIM rounds them.
 */
export function spacedTimesteps(
  spacing: TimestepSpacing,
  trained: number,
  count: number,
  stepsOffset: number,
): number[] {
  if (spacing === 'linspace') return linspace(0, trained - 1, count).reverse();
  if (spacing === 'leading') return leading(count, Math.floor(trained / count), stepsOffset);
  return trailing(count, trained, trained / count);
}

/** numpy.interp over the indices of `values`, in double; held at both ends. */
export function interpolate(values: Float32Array, position: number): number {
  const last = values.length - 1;
  const low = Math.min(Math.max(Math.floor(position), 0), last);
  const below = values[low] ?? 0;
  if (low === last || position <= 0) return below;
  return ((values[low + 1] ?? 0) - below) * (position - low) + below;
}

/**
 * diffusers' `_sigma_to_t`: where a sigma lies among the training sigmas, interpolated in their logarithm. In double, but for sigmas that
 * numpy or torch holds in float32 (`single`).
 */
export function sigmaToTimestep(sigma: number, logSigmas: Float32Array, single = false): number {
  const round = single ? f : (value: number): number => value;
  const floored = Math.max(sigma, round(1e-10));
  const logSigma = single ? numpyLog(floored) : Math.log(floored);
  let low = 0;
  for (let i = 0; i < logSigmas.length - 1; i += 1) if (logSigma >= (logSigmas[i] ?? 0)) low = i;
  low = Math.min(low, logSigmas.length - 2);
  const below = logSigmas[low] ?? 0;
  const weight = round(round(below - logSigma) / f(below - (logSigmas[low + 1] ?? 0)));
  const clipped = Math.min(Math.max(weight, 0), 1);
  return round(round(round(1 - clipped) * low) + round(clipped * (low + 1)));
}
