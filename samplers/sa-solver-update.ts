import { div, exp, f, mul, power, sqrt, square, sub } from './float32.js';
import type { LogLevel } from './level.js';
import { type Vector, weighted } from './vector.js';

interface SaStep {
  readonly from: LogLevel;
  readonly to: LogLevel;
  /** The latents at `from`. */
  readonly sample: Vector;
  /** What the model meant (x_0, or the noise) and where, newest first; as many as the order. */
  readonly outputs: readonly Vector[];
  readonly levels: readonly LogLevel[];
  readonly noise: Vector;
  /** How much fresh noise, 0 or 1 as a rule. */
  readonly tau: number;
  readonly predictsOriginal: boolean;
}

/**
 * One step of SA-Solver (Xue et al. 2023, equations 14 and 17): the predictor where the levels begin at `from`, the corrector where they begin
 * at `to`.
 */
export function saUpdate(step: SaStep, isCorrector: boolean): Vector {
  const { from, to, sample, outputs, noise, tau, predictsOriginal } = step;
  const h = sub(to.lambda, from.lambda);
  const spread = 1 + tau ** 2;
  const integrals = integralsOf(step);
  if (predictsOriginal && outputs.length === 2) {
    const extra = secondOrderTerm(step, h, isCorrector);
    integrals[0] = f((integrals[0] as number) + extra);
    integrals[1] = sub(integrals[1] as number, extra);
  }
  // Summed by themselves first: they may be large and cancel.
  const gradient = (factor: (integral: number) => number): Vector =>
    weighted(...outputs.map((output, i): [number, Vector] => [factor(integrals[i] as number), output]));
  if (predictsOriginal) {
    const scale = mul(spread, to.sigma, exp(f(-(tau ** 2) * to.lambda)));
    return weighted(
      [mul(exp(f(-(tau ** 2) * h)), div(to.sigma, from.sigma)), sample],
      [1, gradient((integral) => mul(scale, integral))],
      [mul(to.sigma, sqrt(sub(1, exp(f(-2 * tau ** 2 * h))))), noise],
    );
  }
  return weighted(
    [div(to.alpha, from.alpha), sample],
    [1, gradient((integral) => mul(-spread, to.alpha, integral))],
    [mul(tau, to.sigma, sqrt(sub(exp(f(2 * h)), 1))), noise],
  );
}

/** By which diffusers makes the second order exact for small steps. */
function secondOrderTerm({ to, levels, tau }: SaStep, h: number, isCorrector: boolean): number {
  const spread = 1 + tau ** 2;
  const decay = f(sub(mul(h, spread), 1) + exp(f(spread * -h)));
  const growth = exp(f(spread * to.lambda));
  if (isCorrector) return mul(growth, sub(div(h, 2), div(decay, mul(spread ** 2, h))));
  const [newest, before] = levels as [LogLevel, LogLevel];
  const difference = sub(div(square(h), 2), div(decay, spread ** 2));
  return div(mul(growth, difference), sub(newest.lambda, before.lambda));
}

/** The integral over the step of each output's Lagrange polynomial times the exponential of the solver. */
function integralsOf({ from, to, levels, tau, predictsOriginal }: SaStep): number[] {
  const lambdas = levels.map(({ lambda }) => lambda);
  const moment = (power: number): number =>
    predictsOriginal
      ? growingMoment(power, from.lambda, to.lambda, tau)
      : decayingMoment(power, from.lambda, to.lambda);
  return lambdas.map((_, at) =>
    lagrange(lambdas, at).reduce(
      (sum, coefficient, i) => f(sum + mul(coefficient, moment(lambdas.length - 1 - i))),
      0,
    ),
  );
}

/** Coefficients, highest power first, of the polynomial that is 1 at point `at` and 0 at the others. */
function lagrange(points: readonly number[], at: number): number[] {
  const others = points.filter((_, i) => i !== at);
  const here = points[at] as number;
  if (others.length === 0) return [1];
  const denominator = mul(...(others.map((other) => sub(here, other)) as [number, ...number[]]));
  const [a = 0, b = 0, c = 0] = others;
  const over = (numerator: number): number => div(numerator, denominator);
  if (others.length === 1) return [over(1), over(-a)];
  if (others.length === 2) return [over(1), over(sub(-a, b)), over(mul(a, b))];
  return [
    over(1),
    over(sub(sub(-a, b), c)),
    over(f(f(mul(a, b) + mul(a, c)) + mul(b, c))),
    over(mul(-a, b, c)),
  ];
}

/** The polynomial that, times e^x (or e^-x with `sign` -1), has the derivative x^degree e^x (or e^-x). */
function antiderivative(degree: number, x: number, sign: 1 | -1): number {
  const terms: number[] = [];
  let coefficient = 1;
  for (let k = degree; k >= 0; k -= 1) {
    terms.push(mul(coefficient, power(x, k)));
    coefficient *= -sign * k;
  }
  return terms.reduce((sum, term) => f(sum + term));
}

function growingMoment(power: number, start: number, end: number, tau: number): number {
  const spread = 1 + tau ** 2;
  const [from, to] = [f(spread * start), f(spread * end)];
  const decay = exp(-sub(to, from));
  const difference = sub(antiderivative(power, to, 1), mul(antiderivative(power, from, 1), decay));
  return div(mul(exp(to), difference), spread ** (power + 1));
}

function decayingMoment(power: number, start: number, end: number): number {
  const growth = exp(sub(end, start));
  const difference = sub(mul(antiderivative(power, start, -1), growth), antiderivative(power, end, -1));
  return mul(exp(-end), difference);
}
