import type { Level } from './level.js';
import type { BrownianPiece } from './noise.js';
import type { LookAhead, StepOutputs } from './sampler.js';
import type { Vector } from './vector.js';

/** What the sampler of one class is, for one config and number of steps: its file builds this, and RunningSampler runs it. */
export interface SamplerMethod {
  /** One for each call of the model. */
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[] | Float32Array | undefined;
  readonly initNoiseSigma: number;
  /** Of the latents of each call, and of the end: calls + 1. */
  readonly levels: readonly Level[];
  readonly family: LookAhead['family'];
  /** Default true. */
  readonly worthwhile?: boolean;
  /** Draws of fresh noise in a call, `taken` calls after the run's first; none if left out. */
  readonly draws?: (call: number, taken: number) => number;
  readonly conversion: Conversion;
  scaleModelInput?(sample: Vector, call: number): Vector;
  /** Pure: what it needs of earlier calls is in `input.kept`, what later ones need it gives as `kept`. */
  advance(input: StepInput): Advance;
}

/** Between what a model predicts and x_0. */
export interface Conversion {
  toOriginal(output: Vector, sample: Vector, call: number): Vector;
  /** The output with which a model would mean `original`: the inverse. */
  fromOriginal(original: Vector, sample: Vector, call: number): Vector;
  /** Models of the velocity between data and noise give it as it is. */
  readonly outputIsVelocity?: boolean;
}

export interface StepInput {
  readonly output: Vector;
  /** The second half of the model's channels, where it predicts a variance as well. */
  readonly variance: Vector | undefined;
  readonly sample: Vector;
  /** Index into the method's timesteps. */
  readonly call: number;
  /** Calls taken before this one: fewer than `call` where the run began later (image to image). */
  readonly taken: number;
  readonly kept: readonly Vector[];
  /** Images in the batch. */
  readonly batch: number;
  /** Draw number `nth` (from 0) of this call. */
  readonly noise: (nth?: number) => Vector;
  readonly brownian: (piece: BrownianPiece) => Vector;
}

export interface Advance extends StepOutputs {
  readonly kept?: readonly Vector[];
}

/** The last `count` of a list. */
export function newest(list: readonly Vector[], count: number): Vector[] {
  return list.slice(Math.max(0, list.length - count));
}
