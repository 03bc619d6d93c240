import { z } from 'zod';
import type { Level } from './level.js';
import type { Conversion } from './method.js';
import { noiseAt, originalAt, outputAt, type PredictionType } from './prediction.js';
import { minus, over, type Vector, weighted } from './vector.js';

/** What the solvers' models predict: `flow_prediction` is the velocity between data and noise. */
export const solverPrediction = z.enum(['epsilon', 'sample', 'v_prediction', 'flow_prediction']);
type SolverPrediction = PredictionType | 'flow_prediction';

/** @param sigmas noise over signal, or with flow sigmas the share of noise: what flow_prediction is multiplied by */
export function solverConversion(
  levels: readonly Level[],
  sigmas: Float32Array,
  type: SolverPrediction,
): Conversion {
  const level = (call: number): Level => levels[call] as Level;
  const sigmaAt = (call: number): number => sigmas[call] as number;
  if (type === 'flow_prediction') {
    return {
      outputIsVelocity: true,
      toOriginal: (output, x, call) => weighted([1, x], [-sigmaAt(call), output]),
      fromOriginal: (original, x, call) => over(minus(x, original), sigmaAt(call)),
    };
  }
  return {
    toOriginal: (output, x, call) => originalAt(level(call), type, output, x),
    fromOriginal: (original, x, call) => outputAt(level(call), type, original, x),
  };
}

/** The noise in the latents; flow_prediction has no meaning here and is refused by the classes' schemas. */
export function solverNoise(level: Level, type: SolverPrediction, output: Vector, x: Vector): Vector {
  return noiseAt(level, type as PredictionType, output, x);
}
