import { type Calibration, correction } from './calibration.js';

/** A job, as far as its error depends on it. */
export interface ErrorSubject {
  /** T. */
  readonly steps: number;
  /** How its sampler's latents are predicted; `copy` counts as a flow. */
  readonly family: 'ode' | 'flow' | 'stochastic';
  /** Whether prediction gains anything (not with PNDM and full re-noising). */
  readonly worthwhile: boolean;
  /** Classifier-free guidance; 1 or less: none. */
  readonly guidanceScale: number;
}

/** A configuration, as far as the error depends on it. */
export interface ErrorSchedule {
  /** Steps from what is known to what the furthest component computes for: r. */
  readonly reach: number;
  /** S. */
  readonly stride: number;
  readonly lookAhead: boolean;
  /** The whole predictor on every worker. */
  readonly stepParallel: boolean;
  /** Steps in order at the end, and how many are usual there. */
  readonly end: number;
  readonly usualEnd: number;
}

/** error = at50 * reach ** exponent * (50 / T) ** steps, with guidance 2 and less. */
interface Law {
  readonly at50: number;
  readonly exponent: number;
  readonly steps: number;
}

/** Fitted to the arithmetic means of docs/quality.md, which says how far each figure is from them. */
const AHEAD: Readonly<Record<ErrorSubject['family'], Law>> = {
  ode: { at50: 1e-8, exponent: 3.3, steps: 3 },
  flow: { at50: 2e-6, exponent: 4.2, steps: 2 },
  // x_0 is held: how far ahead hardly matters, what the noise adds does.
  stochastic: { at50: 3.5e-6, exponent: 0.3, steps: 2 },
};
const PLAIN: Readonly<Record<ErrorSubject['family'], Law>> = {
  ode: { at50: 2e-4, exponent: 1.2, steps: 2 },
  flow: { at50: 1.8e-3, exponent: 1.75, steps: 2 },
  stochastic: { at50: 1e-3, exponent: 0.3, steps: 2 },
};
/** PNDM with look-ahead is 2.4 times nearer than AsyncDiff. */
const HARDLY_NEARER = 1 / 2.4;
/** Step-parallel beside components of the same reach: what was guessed is restated for the real latents. */
const STEP_PARALLEL = 5;
/** With a stride the runs between a round's steps read tensors between two versions. */
const STRIDE = 3;
/** Guidance up to which the laws hold as they are. */
const MILD_GUIDANCE = 2;
/** At 50 steps; of a deterministic sampler, and one with fresh noise, it goes with the root of a step's size. */
const GUIDANCE_EXPONENT = { ode: 3.5, stochastic: 3.5, flow: 3.7 } as const;
/** What the last step in order, and the one before it, are worth. */
const LAST_STEP = 50;
const STEP_BEFORE = 10;
const MAX_ERROR = 1;

/**
 * Predicted error of the final latents: mean square of the difference from the sequential run's, over their variance. `calibration`: what was measured
 * of this very model.
 */
export function predictedError(
  subject: ErrorSubject,
  schedule: ErrorSchedule,
  calibration: Calibration = [],
): number {
  const error = generalError(subject, schedule);
  if (error === 0 || !schedule.lookAhead || !subject.worthwhile) return error;
  const usual = { lookAhead: true, end: schedule.usualEnd, usualEnd: schedule.usualEnd };
  const factor = correction(calibration, subject, schedule, (point) =>
    generalError({ ...point, worthwhile: true }, { ...usual, ...point }),
  );
  return Math.min(MAX_ERROR, error * factor);
}

/** The predicted error of a model of which nothing was measured. */
function generalError(subject: ErrorSubject, schedule: ErrorSchedule): number {
  const { steps, family, worthwhile } = subject;
  const { reach, stride, lookAhead, stepParallel, end, usualEnd } = schedule;
  if (reach === 0) return 0;
  const isAhead = lookAhead && worthwhile;
  const law = (isAhead ? AHEAD : PLAIN)[family];
  const base = law.at50 * reach ** law.exponent * (50 / steps) ** law.steps;
  if (!isAhead) return Math.min(MAX_ERROR, base * (lookAhead ? HARDLY_NEARER : 1));
  const missing = end >= usualEnd ? 1 : end === 0 ? LAST_STEP : STEP_BEFORE;
  const way = stepParallel ? STEP_PARALLEL : stride > 1 ? STRIDE : 1;
  return Math.min(MAX_ERROR, base * guidanceFactor(subject) * missing * way);
}

/** A guided prediction reacts to an error of the latents with more than its size. */
function guidanceFactor({ guidanceScale, family, steps }: ErrorSubject): number {
  const exponent = GUIDANCE_EXPONENT[family] * (family === 'flow' ? 1 : Math.sqrt(50 / steps));
  return (Math.max(MILD_GUIDANCE, guidanceScale) / MILD_GUIDANCE) ** exponent;
}

/** guidance / T^2 at which half of the steps that are not in order anyway come to be, by the tolerance. */
const HALF_HELD = 0.021;

/**
 * Of the steps that are not in order by the schedule, the share that the tolerance leaves so: drift grows with guidance and with the square of a step,
 * and the tolerance goes down with guidance and distance. Fitted to the speeds of docs/quality.md's table over guidance and steps.
 *
 * @param rounds that the furthest component looks ahead
 */
export function keptShare({ guidanceScale, steps, family }: ErrorSubject, rounds: number): number {
  // By which the tolerance is less than with mild guidance: execution/look-ahead-options.ts.
  const tolerant = { ode: 5 / (1 + Math.max(1, rounds)), flow: 4.5, stochastic: Number.POSITIVE_INFINITY };
  const strictness = Math.max(1, guidanceScale / tolerant[family]);
  const push = (Math.max(1, guidanceScale) / steps ** 2) * strictness;
  return 1 / (1 + (push / HALF_HELD) ** 3);
}
