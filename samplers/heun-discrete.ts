import { z } from 'zod';
import { betaKeys, latentBetaKeys } from './beta-schedule.js';
import { clipKeys, limited } from './clipping.js';
import { defineSampler } from './definition.js';
import {
  addedNoiseLevels,
  discreteSigmaKeys,
  discreteSigmas,
  initialSigma,
  interleaved,
  scaledInput,
} from './discrete-sigmas.js';
import { sub } from './float32.js';
import type { SamplerMethod } from './method.js';
import { addedNoiseConversion, predictionType } from './prediction.js';
import { flag } from './scheduler-config.js';
import { refuseListWithSpacing, sigmaSpacing } from './sigma-spacing.js';
import { minus, over, plus, times, type Vector } from './vector.js';

/**
 * Heun's method on sigma, two calls a step and one in the last: Karras et al. 2022, algorithm 1; diffusers' HeunDiscreteScheduler.
 * Calls 2k and 2k + 1 are at sigma k and k + 1.
 */
export const heunDiscrete = defineSampler({
  name: 'heun',
  className: 'HeunDiscreteScheduler',
  kind: 'betas',
  options: ['timesteps'],
  schema: z.object({
    ...latentBetaKeys,
    beta_schedule: z.enum([...betaKeys.beta_schedule.unwrap().options, 'exp']).default('linear'),
    ...discreteSigmaKeys,
    prediction_type: predictionType.default('epsilon'),
    clip_sample: flag(false),
    clip_sample_range: clipKeys.clip_sample_range,
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    refuseListWithSpacing(options.timesteps, sigmaSpacing(settings));
    const spaced = discreteSigmas(settings, options.timesteps?.length ?? numInferenceSteps, options);
    const sigmas = interleaved(Float32Array.from([...spaced.sigmas, 0]), false);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = addedNoiseConversion(sigmaAt, settings.prediction_type);
    return {
      timesteps: Array.from(interleaved(Float32Array.from(spaced.timesteps), true)),
      sigmas,
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels(sigmas),
      family: 'ode',
      conversion,
      scaleModelInput: (sample, call) => scaledInput(sample, sigmaAt(call)),
      advance({ call, taken, output, sample, kept, batch }) {
        const original = limited(conversion.toOriginal(output, sample, call), settings, batch);
        const derivative = over(minus(sample, original), sigmaAt(call));
        if (taken % 2 === 0) {
          const step = sub(sigmaAt(call + 1), sigmaAt(call));
          return {
            latents: plus(sample, times(step, derivative)),
            predOriginalSample: original,
            kept: [derivative, sample],
          };
        }
        const [before, start] = kept as readonly [Vector, Vector];
        const mean = over(plus(before, derivative), 2);
        const step = sub(sigmaAt(call), sigmaAt(call - 1));
        return { latents: plus(start, times(step, mean)), predOriginalSample: original };
      },
    };
  },
});
