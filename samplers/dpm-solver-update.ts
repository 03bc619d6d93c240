import { div, exp, f, mul, sqrt, square, sub } from './float32.js';
import type { LogLevel } from './level.js';
import { minus, plus, times, type Vector, weighted } from './vector.js';

/** The `++` solvers hold x_0 along a step, the others the noise; the `sde` ones add fresh noise. */
export type DpmAlgorithm = 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++';
export type DpmSolverType = 'midpoint' | 'heun';

/** What is known of the model along a step: its value, and (scaled to the step) first and second derivative by log-SNR. */
interface Derivatives {
  readonly d0: Vector;
  readonly d1?: Vector | undefined;
  /** How the first derivative is weighed; without a second one midpoint is a choice. */
  readonly d1As?: DpmSolverType;
  readonly d2?: Vector | undefined;
}

/** One step of DPM-Solver (Lu et al. 2022) from level `from` to level `to`, as diffusers writes it. */
export function dpmUpdate(
  algorithm: DpmAlgorithm,
  { from, to }: { readonly from: LogLevel; readonly to: LogLevel },
  sample: Vector,
  { d0, d1, d1As = 'heun', d2 }: Derivatives,
  noise?: Vector,
): Vector {
  const h = sub(to.lambda, from.lambda);
  const factors = FACTORS[algorithm](h, from, to);
  const terms: [number, Vector][] = [
    [factors.sample, sample],
    [factors.d0, d0],
  ];
  if (d1 !== undefined) terms.push([d1As === 'midpoint' ? factors.midpoint : factors.heun, d1]);
  if (d2 !== undefined) terms.push([factors.d2, d2]);
  if (noise !== undefined) terms.push([factors.noise, noise]);
  return weighted(...terms);
}

interface Factors {
  readonly sample: number;
  readonly d0: number;
  readonly midpoint: number;
  readonly heun: number;
  readonly d2: number;
  readonly noise: number;
}

const FACTORS: Readonly<Record<DpmAlgorithm, (h: number, from: LogLevel, to: LogLevel) => Factors>> =
  Object.freeze({
    'dpmsolver++'(h, from, to) {
      const decay = sub(exp(-h), 1);
      return {
        sample: div(to.sigma, from.sigma),
        d0: -mul(to.alpha, decay),
        midpoint: -mul(0.5, mul(to.alpha, decay)),
        heun: mul(to.alpha, f(div(decay, h) + 1)),
        d2: -mul(to.alpha, sub(div(f(decay + h), square(h)), 0.5)),
        noise: 0,
      };
    },
    dpmsolver(h, from, to) {
      const growth = sub(exp(h), 1);
      return {
        sample: div(to.alpha, from.alpha),
        d0: -mul(to.sigma, growth),
        midpoint: -mul(0.5, mul(to.sigma, growth)),
        heun: -mul(to.sigma, sub(div(growth, h), 1)),
        d2: -mul(to.sigma, sub(div(sub(growth, h), square(h)), 0.5)),
        noise: 0,
      };
    },
    'sde-dpmsolver++'(h, from, to) {
      const twice = f(2 * h);
      const gain = sub(1, exp(-twice));
      return {
        sample: mul(div(to.sigma, from.sigma), exp(-h)),
        d0: mul(to.alpha, gain),
        midpoint: mul(0.5, mul(to.alpha, gain)),
        heun: mul(to.alpha, f(div(gain, -twice) + 1)),
        d2: mul(to.alpha, sub(div(sub(gain, twice), square(twice)), 0.5)),
        noise: mul(to.sigma, sqrt(gain)),
      };
    },
    'sde-dpmsolver'(h, from, to) {
      const growth = sub(exp(h), 1);
      return {
        sample: div(to.alpha, from.alpha),
        d0: -mul(2, mul(to.sigma, growth)),
        midpoint: -mul(to.sigma, growth),
        heun: -mul(2, mul(to.sigma, sub(div(growth, h), 1))),
        d2: Number.NaN,
        noise: mul(to.sigma, sqrt(sub(exp(f(2 * h)), 1))),
      };
    },
  });

/**
 * The step of a multistep solver.
 * @param outputs what the model meant at the last levels, oldest first
 * @param levels the level that the step leads to, then those of the outputs, newest first
 */
export function multistepUpdate(
  { algorithm, type, order }: { algorithm: DpmAlgorithm; type: DpmSolverType; order: number },
  levels: readonly LogLevel[],
  sample: Vector,
  outputs: readonly Vector[],
  noise?: Vector,
): Vector {
  const [to, s0, s1, s2] = levels as readonly [LogLevel, LogLevel, LogLevel, LogLevel];
  const [m0, m1, m2] = outputs.toReversed() as [Vector, Vector, Vector];
  const step = { from: s0, to };
  if (order === 1) return dpmUpdate(algorithm, step, sample, { d0: m0 }, noise);
  const h = sub(to.lambda, s0.lambda);
  const r0 = div(sub(s0.lambda, s1.lambda), h);
  const newest = times(div(1, r0), minus(m0, m1));
  if (order === 2) return dpmUpdate(algorithm, step, sample, { d0: m0, d1: newest, d1As: type }, noise);
  const r1 = div(sub(s1.lambda, s2.lambda), h);
  const change = minus(newest, times(div(1, r1), minus(m1, m2)));
  const sum = f(r0 + r1);
  const d1 = plus(newest, times(div(r0, sum), change));
  return dpmUpdate(algorithm, step, sample, { d0: m0, d1, d2: times(div(1, sum), change) }, noise);
}
