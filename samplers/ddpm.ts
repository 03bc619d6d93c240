import { z } from 'zod';
import { alphasCumprod, betaKeys, zeroSnrKeys } from './beta-schedule.js';
import { clipKeys, limited, solvable, thresholdingKeys } from './clipping.js';
import { defineSampler, type SamplerDescription } from './definition.js';
import { div, exp, f, log, mul, sqrt, sub } from './float32.js';
import { variancePreserving } from './level.js';
import type { SamplerMethod } from './method.js';
import { conversionAt, originalAt, predictionType } from './prediction.js';
import { predictedDeviation } from './predicted-variance.js';
import { product, type Vector, weighted } from './vector.js';
import { checkTimesteps, fallingTimesteps, wholeTimestepKeys, wholeTimesteps } from './whole-timesteps.js';

const schema = z.object({
  ...betaKeys,
  beta_schedule: z.enum([...betaKeys.beta_schedule.unwrap().options, 'sigmoid', 'laplace']).default('linear'),
  ...zeroSnrKeys,
  ...clipKeys,
  ...thresholdingKeys,
  ...wholeTimestepKeys,
  prediction_type: predictionType.default('epsilon'),
  // fixed_large_log is the root of a logarithm in diffusers, which has no value.
  variance_type: z
    .enum(['fixed_small', 'fixed_small_log', 'fixed_large', 'learned', 'learned_range'])
    .default('fixed_small'),
});

/** Ancestral sampling (Ho et al. 2020, algorithm 2): diffusers' DDPMScheduler, and its twin for whole batches. */
export function ddpmSampler(names: Pick<SamplerDescription<typeof schema>, 'name' | 'className'>) {
  return defineSampler({
    ...names,
    kind: 'betas',
    options: ['timesteps'],
    schema,
    method(settings, { numInferenceSteps: count, options }): SamplerMethod {
      const { prediction_type: type, variance_type: varianceType } = settings;
      const { className } = names;
      const alphas = alphasCumprod(settings);
      const given = fallingTimesteps(options.timesteps, settings.num_train_timesteps, className);
      if (given !== undefined)
        checkTimesteps(given, alphas, className, solvable(settings), 'the given timesteps');
      const timesteps = given ?? wholeTimesteps(settings, count, alphas, className, solvable(settings));
      const steps = timesteps.map((timestep, call) => {
        const alpha = alphas[timestep] as number;
        const next = call === timesteps.length - 1 ? 1 : (alphas[timesteps[call + 1] as number] as number);
        const ratio = div(alpha, next);
        const beta = sub(1, ratio);
        const [noise, nextNoise] = [sub(1, alpha), sub(1, next)];
        return {
          level: variancePreserving(alpha),
          original: div(mul(sqrt(next), beta), noise),
          sample: div(mul(sqrt(ratio), nextNoise), noise),
          beta,
          variance: Math.max(mul(div(nextNoise, noise), beta), f(1e-20)),
        };
      });
      const levels = [...steps.map(({ level }) => level), variancePreserving(1)];
      const draws = (call: number): number => ((timesteps[call] as number) > 0 ? 1 : 0);
      return {
        timesteps,
        initNoiseSigma: 1,
        levels,
        family: 'stochastic',
        draws,
        conversion: conversionAt(levels, type),
        advance({ call, output, variance: predicted, sample, batch, noise }) {
          const step = steps[call] as (typeof steps)[number];
          const original = limited(originalAt(step.level, type, output, sample), settings, batch);
          const terms: [number, Vector][] = [
            [step.original, original],
            [step.sample, sample],
          ];
          if (draws(call) > 0) {
            if (varianceType === 'fixed_small') terms.push([sqrt(step.variance), noise()]);
            else if (varianceType === 'fixed_small_log')
              terms.push([exp(mul(0.5, log(step.variance))), noise()]);
            else if (varianceType === 'fixed_large') terms.push([sqrt(step.beta), noise()]);
            else
              terms.push([1, product(predictedDeviation(className, varianceType, predicted, step), noise())]);
          }
          return { latents: weighted(...terms), predOriginalSample: original };
        },
      };
    },
  });
}

export const ddpm = ddpmSampler({ name: 'ddpm', className: 'DDPMScheduler' });
