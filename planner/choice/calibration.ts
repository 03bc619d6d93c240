import type { ErrorSchedule, ErrorSubject } from './error-model.js';

/** An error of a model as `bench --quality` measured it, with the usual steps in order. */
export interface QualityPoint {
  readonly family: ErrorSubject['family'];
  readonly steps: number;
  readonly guidanceScale: number;
  /** As in {@link ErrorSchedule}. */
  readonly reach: number;
  readonly stride: number;
  readonly stepParallel: boolean;
  /** Latent MSE over variance, arithmetic mean over the pictures; above 0. */
  readonly error: number;
}

/** What was measured of one model. */
export type Calibration = readonly QualityPoint[];

/** Squared distance within which a measurement counts in full. */
const NEAR = 0.05;
/** What the error model itself counts, in measurements at distance 1. */
const PRIOR = 1;
/** Guidance up to which it makes no difference. */
const MILD_GUIDANCE = 2;

/**
 * Factor on the error model for a job of a measured model: the mean of measured over predicted, in logarithms, weighted by how near each measurement
 * is in steps, guidance, reach and stride (squared distances of logarithms; Shepard's inverse weights). Far from all of them it is near 1.
 */
export function correction(
  calibration: Calibration,
  subject: ErrorSubject,
  { reach, stride, stepParallel }: Pick<ErrorSchedule, 'reach' | 'stride' | 'stepParallel'>,
  predicted: (point: QualityPoint) => number,
): number {
  let weights = PRIOR;
  let sum = 0;
  for (const point of calibration) {
    if (point.family !== subject.family || point.stepParallel !== stepParallel) continue;
    const distance =
      squaredLog(subject.steps, point.steps) +
      squaredLog(mild(subject.guidanceScale), mild(point.guidanceScale)) +
      squaredLog(reach, point.reach) +
      squaredLog(stride, point.stride);
    const weight = 1 / (distance + NEAR);
    weights += weight;
    sum += weight * Math.log(point.error / predicted(point));
  }
  return Math.exp(sum / weights);
}

function mild(guidanceScale: number): number {
  return Math.max(MILD_GUIDANCE, guidanceScale);
}

function squaredLog(a: number, b: number): number {
  return Math.log(a / b) ** 2;
}
