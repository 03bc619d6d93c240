import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { betasForAlphaBar, cumulativeAlphas } from './beta-schedule.js';
import { clipKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { div, exp, f, log, mul, sqrt, sub } from './float32.js';
import { variancePreserving } from './level.js';
import type { SamplerMethod } from './method.js';
import { predictedDeviation } from './predicted-variance.js';
import { conversionAt, originalAt } from './prediction.js';
import { roundHalfEven } from './timesteps.js';
import { clamp, product, type Vector, weighted } from './vector.js';

const CLASS = 'UnCLIPScheduler';

/** Ancestral sampling as Karlo has it: diffusers' UnCLIPScheduler. */
export const unclip = defineSampler({
  name: 'unclip',
  className: CLASS,
  kind: 'own',
  options: ['to_next_timestep'],
  schema: z.object({
    num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
    variance_type: z.enum(['fixed_small_log', 'learned_range']).default('fixed_small_log'),
    ...clipKeys,
    prediction_type: z.enum(['epsilon', 'sample']).default('epsilon'),
    beta_schedule: z.enum(['squaredcos_cap_v2']).default('squaredcos_cap_v2'),
  }),
  method(settings, { numInferenceSteps: count, options }): SamplerMethod {
    const { prediction_type: type } = settings;
    if (count < 2)
      throw new AsyncDiffError('invalid_settings', `${CLASS} needs at least 2 steps; got ${count}`);
    const betas = betasForAlphaBar(settings.num_train_timesteps);
    const alphas = cumulativeAlphas(betas);
    const distance = (settings.num_train_timesteps - 1) / (count - 1);
    const timesteps = Array.from({ length: count }, (_, i) => roundHalfEven((count - 1 - i) * distance));
    const steps = timesteps.map((timestep, call) => {
      // step() by itself goes one training timestep on; the pipelines tell it the next timestep of the run.
      const end = (options.to_next_timestep === true ? timesteps[call + 1] : undefined) ?? timestep - 1;
      const alpha = alphas[timestep] as number;
      const next = end >= 0 ? (alphas[end] as number) : 1;
      const isNeighbour = end === timestep - 1;
      const beta = isNeighbour ? (betas[timestep] as number) : sub(1, div(alpha, next));
      const [noise, nextNoise] = [sub(1, alpha), sub(1, next)];
      return {
        level: variancePreserving(alpha),
        original: div(mul(sqrt(next), beta), noise),
        sample: div(mul(sqrt(sub(1, beta)), nextNoise), noise),
        beta,
        variance: mul(div(nextNoise, noise), beta),
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
      advance({ call, output, variance: predicted, sample, noise }) {
        const step = steps[call] as (typeof steps)[number];
        const meant = originalAt(step.level, type, output, sample);
        const original = settings.clip_sample ? clamp(meant, settings.clip_sample_range) : meant;
        const terms: [number, Vector][] = [
          [step.original, original],
          [step.sample, sample],
        ];
        if (draws(call) > 0) {
          if (settings.variance_type === 'fixed_small_log')
            terms.push([exp(mul(0.5, log(Math.max(step.variance, f(1e-20))))), noise()]);
          else terms.push([1, product(predictedDeviation(CLASS, 'learned_range', predicted, step), noise())]);
        }
        return { latents: weighted(...terms), predOriginalSample: original };
      },
    };
  },
});
