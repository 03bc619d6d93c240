import { z } from 'zod';

const f = Math.fround;

/** What the noise predictor's output means, in diffusers' words. */
export const predictionType = z.enum(['epsilon', 'sample', 'v_prediction']);
export type PredictionType = z.output<typeof predictionType>;

/**
 * One element of x_0 as the model sees it, for x = alpha x_0 + sigma noise (DDIM, equation 12; v: Salimans and Ho 2022,
 * appendix D). Every operation rounds to float32, as torch's does.
 */
export function originalOf(
  type: PredictionType,
  output: number,
  x: number,
  alpha: number,
  sigma: number,
): number {
  if (type === 'sample') return output;
  const noise = f(sigma * output);
  return type === 'epsilon' ? f(f(x - noise) / alpha) : f(f(alpha * x) - noise);
}

/** One element of the noise in x as the model sees it. `original` is x_0 before any clipping. */
export function noiseOf(
  type: PredictionType,
  output: number,
  x: number,
  original: number,
  alpha: number,
  sigma: number,
): number {
  if (type === 'epsilon') return output;
  if (type === 'sample') return f(f(x - f(alpha * original)) / sigma);
  return f(f(alpha * output) + f(sigma * x));
}

/** x_0 of the whole latents, a new array. */
export function predictOriginal(
  type: PredictionType,
  modelOutput: Float32Array,
  sample: Float32Array,
  alpha: number,
  sigma: number,
): Float32Array {
  const original = new Float32Array(sample.length);
  for (let i = 0; i < original.length; i += 1)
    original[i] = originalOf(type, modelOutput[i] as number, sample[i] as number, alpha, sigma);
  return original;
}
