import { z } from 'zod';

const f = Math.fround;

/** What the noise predictor's output means, in diffusers' words. */
export const predictionType = z.enum(['epsilon', 'sample', 'v_prediction']);
export type PredictionType = z.output<typeof predictionType>;

/**
 * x_0 as the model sees it, for x_t = alpha x_0 + sigma noise (DDIM, equation 12; v: Salimans and Ho 2022, appendix D).
 * A new array in every case.
 */
export function predictOriginal(
  type: PredictionType,
  modelOutput: Float32Array,
  sample: Float32Array,
  alpha: number,
  sigma: number,
): Float32Array {
  if (type === 'sample') return modelOutput.slice();
  const original = new Float32Array(sample.length);
  for (let i = 0; i < original.length; i += 1) {
    const x = sample[i] as number;
    const noise = f(sigma * (modelOutput[i] as number));
    original[i] = type === 'epsilon' ? f(x - noise) / alpha : f(alpha * x) - noise;
  }
  return original;
}

/** The noise in x_t as the model sees it. `original` is x_0 before any clipping. The model's own array for `epsilon`. */
export function predictNoise(
  type: PredictionType,
  modelOutput: Float32Array,
  sample: Float32Array,
  original: Float32Array,
  alpha: number,
  sigma: number,
): Float32Array {
  if (type === 'epsilon') return modelOutput;
  const noise = new Float32Array(sample.length);
  for (let i = 0; i < noise.length; i += 1) {
    const x = sample[i] as number;
    noise[i] =
      type === 'sample'
        ? f(x - f(alpha * (original[i] as number))) / sigma
        : f(alpha * (modelOutput[i] as number)) + f(sigma * x);
  }
  return noise;
}
