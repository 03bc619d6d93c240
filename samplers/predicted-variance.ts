import { AsyncDiffError } from '../common/errors/index.js';
import { exp, f, log } from './float32.js';
import type { Vector } from './vector.js';

/**
 * The standard deviation of a step's noise where the model predicts it: as it says (`learned`), or between the least and the greatest that
 * there can be (`learned_range`: Nichol and Dhariwal 2021, equation 15).
 * @throws `model_unsupported` where the model predicts none
 */
export function predictedDeviation(
  className: string,
  type: 'learned' | 'learned_range',
  predicted: Vector | undefined,
  { variance, beta }: { readonly variance: number; readonly beta: number },
): Vector {
  if (predicted === undefined) {
    throw new AsyncDiffError(
      'model_unsupported',
      `${className} with variance_type ${type} needs a model that predicts a variance: twice the channels of the latents`,
      { hint: 'Set variance_type to fixed_small in the scheduler config.' },
    );
  }
  if (type === 'learned') return predicted.map(Math.sqrt);
  const [low, high] = [log(variance), log(beta)];
  return predicted.map((value) => {
    const share = f(f(value + 1) / 2);
    return exp(f(0.5 * f(f(share * high) + f(f(1 - share) * low))));
  });
}
