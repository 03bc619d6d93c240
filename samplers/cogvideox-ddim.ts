import { z } from 'zod';
import { cogVideoXKeys, cogVideoXSchedule } from './cogvideox-schedule.js';
import { defineSampler } from './definition.js';
import type { SamplerMethod } from './method.js';
import { conversionAt } from './prediction.js';
import { weighted } from './vector.js';

const CLASS = 'CogVideoXDDIMScheduler';

/** DDIM on CogVideoX's shifted schedule: diffusers' CogVideoXDDIMScheduler. */
export const cogVideoXDdim = defineSampler({
  name: 'cogvideox_ddim',
  className: CLASS,
  kind: 'own',
  schema: z.object(cogVideoXKeys),
  method(settings, { numInferenceSteps }): SamplerMethod {
    const { timesteps, alphas, round, levels } = cogVideoXSchedule(settings, numInferenceSteps, CLASS);
    const conversion = conversionAt(levels, settings.prediction_type);
    const steps = alphas.map(({ alpha, next }) => {
      const sample = round(Math.sqrt(round(round(1 - next) / round(1 - alpha))));
      const original = round(round(Math.sqrt(next)) - round(round(Math.sqrt(alpha)) * sample));
      return { sample, original };
    });
    return {
      timesteps,
      initNoiseSigma: 1,
      levels,
      family: 'ode',
      conversion,
      advance({ call, output, sample }) {
        const step = steps[call] as (typeof steps)[number];
        const original = conversion.toOriginal(output, sample, call);
        return {
          latents: weighted([step.sample, sample], [step.original, original]),
          predOriginalSample: original,
        };
      },
    };
  },
});
