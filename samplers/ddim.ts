import { z } from 'zod';
import { alphasCumprod, betaKeys, zeroSnrKeys } from './beta-schedule.js';
import { clipKeys, limited, solvable, thresholdingKeys } from './clipping.js';
import { defineSampler, type SamplerDescription } from './definition.js';
import { div, mul, sqrt, square, sub } from './float32.js';
import { variancePreserving } from './level.js';
import type { SamplerMethod } from './method.js';
import { conversionAt, noiseAt, originalAt, predictionType } from './prediction.js';
import { wholeTimesteps, wholeTimestepKeys } from './whole-timesteps.js';
import { flag } from './scheduler-config.js';
import { over, type Vector, weighted } from './vector.js';

const schema = z.object({
  ...betaKeys,
  ...zeroSnrKeys,
  ...clipKeys,
  ...thresholdingKeys,
  ...wholeTimestepKeys,
  set_alpha_to_one: flag(true),
  prediction_type: predictionType.default('epsilon'),
});

/** DDIM (Song et al. 2020, equation 12), with fresh noise where eta is above 0: diffusers' DDIMScheduler, and its twin for whole batches. */
export function ddimSampler(
  names: Pick<SamplerDescription<typeof schema>, 'name' | 'aliases' | 'className'>,
) {
  return defineSampler({
    ...names,
    kind: 'betas',
    options: ['eta', 'use_clipped_model_output'],
    schema,
    method(settings, { numInferenceSteps: count, options }): SamplerMethod {
      const { prediction_type: type } = settings;
      const { eta = 0, use_clipped_model_output: isClipped = false } = options;
      const alphas = alphasCumprod(settings);
      const timesteps = wholeTimesteps(settings, count, alphas, names.className, solvable(settings));
      const finalAlpha = settings.set_alpha_to_one ? 1 : (alphas[0] as number);
      const length = Math.floor(settings.num_train_timesteps / count);
      const steps = timesteps.map((timestep) => {
        const alpha = alphas[timestep] as number;
        const end = timestep - length;
        const next = end >= 0 ? (alphas[end] as number) : finalAlpha;
        const variance = mul(div(sub(1, next), sub(1, alpha)), sub(1, div(alpha, next)));
        const fresh = mul(eta, sqrt(variance));
        return {
          from: variancePreserving(alpha),
          alpha: sqrt(next),
          direction: sqrt(sub(sub(1, next), square(fresh))),
          fresh,
          next,
        };
      });
      const levels = [...steps.map(({ from }) => from), variancePreserving(steps.at(-1)?.next ?? 1)];
      return {
        timesteps,
        initNoiseSigma: 1,
        levels,
        family: eta > 0 ? 'stochastic' : 'ode',
        draws: () => (eta > 0 ? 1 : 0),
        conversion: conversionAt(levels, type),
        advance({ call, output, sample, batch, noise }) {
          const step = steps[call] as (typeof steps)[number];
          const unlimited = originalAt(step.from, type, output, sample);
          const original = limited(unlimited, settings, batch);
          const direction: Vector = isClipped
            ? over(weighted([1, sample], [-step.from.alpha, original]), step.from.sigma)
            : noiseAt(step.from, type, output, sample);
          const mean: [number, Vector][] = [
            [step.alpha, original],
            [step.direction, direction],
          ];
          return {
            latents: weighted(...mean, ...(eta > 0 ? [[step.fresh, noise()] as const] : [])),
            predOriginalSample: original,
          };
        },
      };
    },
  });
}

export const ddim = ddimSampler({ name: 'ddim', className: 'DDIMScheduler' });
