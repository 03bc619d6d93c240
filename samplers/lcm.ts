import { z } from 'zod';
import { alphasCumprod, betaKeys, latentBetaKeys, zeroSnrKeys } from './beta-schedule.js';
import { clipKeys, limited, thresholdingKeys } from './clipping.js';
import { consistencyTimesteps, distilledTimesteps } from './consistency-timesteps.js';
import { defineSampler } from './definition.js';
import { div, f, mul, sqrt, square } from './float32.js';
import { type Level, variancePreserving } from './level.js';
import type { SamplerMethod } from './method.js';
import { conversionAt, originalAt, predictionType } from './prediction.js';
import { flag } from './scheduler-config.js';
import { weighted } from './vector.js';
import { checkTimesteps, wholeTimestepKeys } from './whole-timesteps.js';

const CLASS = 'LCMScheduler';
const SIGMA_DATA = 0.5;

/** The keys of the samplers for distilled models. */
export const consistencyKeys = {
  ...latentBetaKeys,
  beta_schedule: z.enum(betaKeys.beta_schedule.unwrap().options).default('scaled_linear'),
  ...zeroSnrKeys,
  ...clipKeys,
  clip_sample: flag(false),
  ...thresholdingKeys,
  ...wholeTimestepKeys,
  original_inference_steps: z.int().min(1).default(50),
  set_alpha_to_one: flag(true),
  prediction_type: predictionType.default('epsilon'),
  timestep_scaling: z.number().positive().default(10),
};

/** Multistep consistency sampling (Luo et al. 2023, algorithm 3): diffusers' LCMScheduler. Its pipelines decode `denoised`. */
export const lcm = defineSampler({
  name: 'lcm',
  className: CLASS,
  kind: 'betas',
  options: ['timesteps', 'original_inference_steps', 'strength'],
  schema: z.object(consistencyKeys),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { prediction_type: type, num_train_timesteps: trained } = settings;
    const alphas = alphasCumprod(settings);
    const originalSteps = options.original_inference_steps ?? settings.original_inference_steps;
    const origin = distilledTimesteps(trained, originalSteps, options.strength ?? 1, CLASS);
    const { timesteps, last } = consistencyTimesteps(
      { origin, originalSteps, trained, className: CLASS },
      numInferenceSteps,
      options,
    );
    checkTimesteps(timesteps, alphas, CLASS, type, 'the timesteps');
    const levelAt = (call: number): Level => {
      const timestep = timesteps[Math.min(call, timesteps.length - 1)] as number;
      return variancePreserving(alphas[timestep] as number);
    };
    const end = last < timesteps.length ? variancePreserving(1) : levelAt(timesteps.length);
    const levels = [...timesteps.map((_, call) => levelAt(call)), end];
    return {
      timesteps,
      initNoiseSigma: 1,
      levels,
      family: 'stochastic',
      worthwhile: false,
      draws: (call) => (call === last ? 0 : 1),
      conversion: conversionAt(levels, type),
      advance({ call, output, sample, batch, noise }) {
        const original = limited(originalAt(levelAt(call), type, output, sample), settings, batch);
        const { skip, out } = boundary(timesteps[call] as number, settings.timestep_scaling);
        const denoised = weighted([out, original], [skip, sample]);
        if (call === last) return { latents: denoised, denoised };
        const next = levelAt(call + 1);
        return { latents: weighted([next.alpha, denoised], [next.sigma, noise()]), denoised };
      },
    };
  },
});

/** So that the model's function is the identity at timestep 0. */
function boundary(timestep: number, scaling: number): { readonly skip: number; readonly out: number } {
  const scaled = mul(timestep, f(scaling));
  const total = f(square(scaled) + f(SIGMA_DATA ** 2));
  return { skip: div(f(SIGMA_DATA ** 2), total), out: div(scaled, sqrt(total)) };
}
