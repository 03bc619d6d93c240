import { div, expm1, f, mul, power, sub } from './float32.js';
import type { LogLevel } from './level.js';
import { linearSolve } from './linear-solve.js';
import { minus, over, plus, times, type Vector, weighted } from './vector.js';

interface UniPcSettings {
  /** Whether outputs are x_0, not noise. */
  readonly predictsOriginal: boolean;
  readonly solver: 'bh1' | 'bh2';
}

export interface UniPcStep {
  readonly from: LogLevel;
  readonly to: LogLevel;
  /** The latents at `from`. */
  readonly sample: Vector;
  /** What the model meant at `from` (first) and at the levels before it, newest first; as many as the order. */
  readonly outputs: readonly Vector[];
  /** Those levels, `from` aside. */
  readonly before: readonly LogLevel[];
}

/** The predictor (Zhao et al. 2023, equation 9): the latents at `to`. */
export function uniPredict(settings: UniPcSettings, step: UniPcStep): Vector {
  const { plain, bases, change, slopes, terms } = prepare(settings, step);
  if (slopes.length === 0) return plain;
  const order = step.outputs.length;
  const weights =
    order === 2
      ? [0.5]
      : linearSolve(
          bases.slice(0, -1).map((row) => row.slice(0, -1)),
          terms.slice(0, -1),
        );
  return plus(plain, times(-change, combined(weights, slopes)));
}

/** The corrector (equation 8), with what the model meant at `to`. */
export function uniCorrect(settings: UniPcSettings, step: UniPcStep, meant: Vector): Vector {
  const { plain, bases, change, slopes, terms } = prepare(settings, step);
  const order = step.outputs.length;
  const weights = order === 1 ? [0.5] : linearSolve(bases, terms);
  const last = times(weights.at(-1) as number, minus(meant, step.outputs[0] as Vector));
  const correction = slopes.length === 0 ? last : plus(combined(weights.slice(0, -1), slopes), last);
  return plus(plain, times(-change, correction));
}

interface Prepared {
  /** The step of the first order. */
  readonly plain: Vector;
  /** What the other terms are multiplied by. */
  readonly change: number;
  readonly slopes: readonly Vector[];
  readonly bases: readonly (readonly number[])[];
  readonly terms: readonly number[];
}

function prepare({ predictsOriginal, solver }: UniPcSettings, step: UniPcStep): Prepared {
  const { from, to, sample, outputs, before } = step;
  const newest = outputs[0] as Vector;
  const h = sub(to.lambda, from.lambda);
  const ratios = before.map(({ lambda }) => div(sub(lambda, from.lambda), h));
  const slopes = ratios.map((ratio, i) => over(minus(outputs[i + 1] as Vector, newest), ratio));
  const hh = predictsOriginal ? -h : h;
  const growth = expm1(hh);
  const scale = solver === 'bh1' ? hh : growth;
  const points = [...ratios, 1];
  const bases: number[][] = [];
  const terms: number[] = [];
  let factorial = 1;
  let phi = sub(div(growth, hh), 1);
  for (let i = 1; i <= outputs.length; i += 1) {
    bases.push(points.map((point) => power(point, i - 1)));
    terms.push(div(mul(phi, factorial), scale));
    factorial *= i + 1;
    phi = sub(div(phi, hh), f(1 / factorial));
  }
  const [keep, noise] = predictsOriginal
    ? [div(to.sigma, from.sigma), to.alpha]
    : [div(to.alpha, from.alpha), to.sigma];
  return {
    plain: weighted([keep, sample], [-mul(noise, growth), newest]),
    change: mul(noise, scale),
    slopes,
    bases,
    terms,
  };
}

function combined(weights: readonly number[], slopes: readonly Vector[]): Vector {
  return weighted(...slopes.map((slope, i): [number, Vector] => [weights[i] as number, slope]));
}
