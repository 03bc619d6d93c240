import { z } from 'zod';
import { add, div, f, mul, sqrt, square } from './float32.js';
import type { Level } from './level.js';
import type { Conversion } from './method.js';
import { minus, over, plus, times, type Vector, weighted } from './vector.js';

/** What the noise predictor's output means, in diffusers' words. */
export const predictionType = z.enum(['epsilon', 'sample', 'v_prediction']);
export type PredictionType = z.output<typeof predictionType>;

/** x_0 of latents x = alpha x_0 + sigma noise (DDIM, equation 12; v: Salimans and Ho 2022, appendix D). */
export function originalAt({ alpha, sigma }: Level, type: PredictionType, output: Vector, x: Vector): Vector {
  if (type === 'sample') return output;
  if (type === 'epsilon') return over(weighted([1, x], [-sigma, output]), alpha);
  return weighted([alpha, x], [-sigma, output]);
}

/** The noise in such latents. */
export function noiseAt({ alpha, sigma }: Level, type: PredictionType, output: Vector, x: Vector): Vector {
  if (type === 'epsilon') return output;
  if (type === 'sample') return over(weighted([1, x], [-alpha, output]), sigma);
  return weighted([alpha, output], [sigma, x]);
}

/** The output of a model that means `original`. */
export function outputAt({ alpha, sigma }: Level, type: PredictionType, original: Vector, x: Vector): Vector {
  if (type === 'sample') return original;
  if (type === 'epsilon') return over(weighted([1, x], [-alpha, original]), sigma);
  return over(weighted([alpha, x], [-1, original]), sigma);
}

/** Models of noise, x_0 or v, for latents whose variance is kept. */
export function conversionAt(levels: readonly Level[], type: PredictionType): Conversion {
  const level = (call: number): Level => levels[call] as Level;
  return {
    toOriginal: (output, x, call) => originalAt(level(call), type, output, x),
    fromOriginal: (original, x, call) => outputAt(level(call), type, original, x),
  };
}

/** The same for latents to which noise of `sigma` was added, as the sigma-based schedulers of diffusers have them. */
export function addedNoiseConversion(sigmaAt: (call: number) => number, type: PredictionType): Conversion {
  return {
    toOriginal: (output, x, call) => addedNoiseOriginal(sigmaAt(call), type, output, x),
    fromOriginal(original, x, call) {
      const sigma = sigmaAt(call);
      if (type === 'sample') return original;
      if (type === 'epsilon') return over(minus(x, original), sigma);
      const variance = f(square(sigma) + 1);
      return over(minus(original, over(x, variance)), div(-sigma, sqrt(variance)));
    },
  };
}

export function addedNoiseOriginal(sigma: number, type: PredictionType, output: Vector, x: Vector): Vector {
  if (type === 'sample') return output;
  if (type === 'epsilon') return weighted([1, x], [-sigma, output]);
  const variance = add(square(sigma), 1);
  return plus(times(div(-sigma, sqrt(variance)), output), over(x, variance));
}

/** Models of the velocity on the straight line between data and noise. */
export function velocityConversion(sigmaAt: (call: number) => number): Conversion {
  return {
    outputIsVelocity: true,
    toOriginal: (output, x, call) => weighted([1, x], [-sigmaAt(call), output]),
    fromOriginal: (original, x, call) => over(minus(x, original), sigmaAt(call)),
  };
}

/** Preconditioning of Karras et al. 2022 (table 1): x_0 = c_skip x + c_out output. */
export function preconditionedConversion(
  sigmaAt: (call: number) => number,
  sigmaData: number,
  type: 'epsilon' | 'v_prediction',
): Conversion {
  return {
    toOriginal: (output, x, call) => preconditionedOriginal(sigmaAt(call), sigmaData, type, output, x),
    fromOriginal(original, x, call) {
      const { skip, out } = preconditioning(sigmaAt(call), sigmaData, type);
      return over(weighted([1, original], [-skip, x]), out);
    },
  };
}

export function preconditionedOriginal(
  sigma: number,
  sigmaData: number,
  type: 'epsilon' | 'v_prediction',
  output: Vector,
  x: Vector,
): Vector {
  const { skip, out } = preconditioning(sigma, sigmaData, type);
  return weighted([skip, x], [out, output]);
}

function preconditioning(sigma: number, sigmaData: number, type: 'epsilon' | 'v_prediction') {
  // Python squares sigma_data in double; the sum with a float32 tensor rounds.
  const total = f(square(sigma) + f(sigmaData ** 2));
  const signed = type === 'epsilon' ? sigma : -sigma;
  return { skip: div(f(sigmaData ** 2), total), out: div(mul(signed, f(sigmaData)), sqrt(total)) };
}

/** What such a model's input is multiplied by. */
export function preconditionedInput(sample: Vector, sigma: number, sigmaData: number): Vector {
  return times(div(1, sqrt(f(square(sigma) + f(sigmaData ** 2)))), sample);
}
