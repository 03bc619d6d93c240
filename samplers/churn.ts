import { f, mul, sqrt, square } from './float32.js';
import type { StepInput } from './method.js';
import type { SamplerOption, SamplerOptions } from './sampler-options.js';
import { plus, times, type Vector } from './vector.js';

/** The options of samplers that add noise before a step (Karras et al. 2022, algorithm 2). */
export const CHURN_OPTIONS: readonly SamplerOption[] = Object.freeze([
  's_churn',
  's_tmin',
  's_tmax',
  's_noise',
]);

/** By how much of itself a sigma is raised before its step; 0 where no noise is added. `count`: sigmas less one. */
export function churnOf(options: SamplerOptions, sigma: number, count: number): number {
  const { s_churn = 0, s_tmin = 0, s_tmax = Number.POSITIVE_INFINITY } = options;
  if (sigma < s_tmin || sigma > s_tmax) return 0;
  return Math.min(s_churn / count, Math.SQRT2 - 1);
}

/** The raised sigma and the latents with the noise that raises them. */
export function churned(
  { sample, noise }: StepInput,
  sigma: number,
  gamma: number,
  strength = 1,
): { readonly sigma: number; readonly sample: Vector } {
  const raised = mul(sigma, f(gamma + 1));
  if (gamma === 0) return { sigma: raised, sample };
  const spread = sqrt(f(square(raised) - square(sigma)));
  return { sigma: raised, sample: plus(sample, times(spread, times(strength, noise()))) };
}
