import { z } from 'zod';
import { ancestralSplit } from './ancestral.js';
import { betaKeys, zeroSnrKeys } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import { addedNoiseLevels, discreteSigmas, initialSigma, scaledInput } from './discrete-sigmas.js';
import { f, sub } from './float32.js';
import type { SamplerMethod } from './method.js';
import { addedNoiseConversion } from './prediction.js';
import { NO_SPACING } from './sigma-spacing.js';
import { timestepSpacing } from './timesteps.js';
import { minus, over, weighted } from './vector.js';

/** Euler steps to below the next sigma, and fresh noise up to it: k-diffusion's sample_euler_ancestral; diffusers' EulerAncestralDiscreteScheduler. */
export const eulerAncestralDiscrete = defineSampler({
  name: 'euler_a',
  aliases: ['euler_ancestral'],
  className: 'EulerAncestralDiscreteScheduler',
  kind: 'betas',
  schema: z.object({
    ...betaKeys,
    ...zeroSnrKeys,
    prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
    timestep_spacing: timestepSpacing.default('linspace'),
    steps_offset: z.int().default(0),
  }),
  method(settings, { numInferenceSteps }): SamplerMethod {
    const spaced = discreteSigmas({ ...settings, ...NO_SPACING }, numInferenceSteps);
    const sigmas = Float32Array.from([...spaced.sigmas, 0]);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = addedNoiseConversion(sigmaAt, settings.prediction_type);
    return {
      timesteps: spaced.timesteps.map(f),
      sigmas,
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels(sigmas),
      family: 'stochastic',
      draws: () => 1,
      conversion,
      scaleModelInput: (sample, call) => scaledInput(sample, sigmaAt(call)),
      advance({ call, output, sample, noise }) {
        const sigma = sigmaAt(call);
        const { up, down } = ancestralSplit(sigma, sigmaAt(call + 1));
        const original = conversion.toOriginal(output, sample, call);
        const derivative = over(minus(sample, original), sigma);
        return {
          latents: weighted([1, sample], [sub(down, sigma), derivative], [up, noise()]),
          predOriginalSample: original,
        };
      },
    };
  },
});
