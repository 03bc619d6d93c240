import { z } from 'zod';
import { linspace32 } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import { div, f, mul, sqrt, sub } from './float32.js';
import { variancePreserving } from './level.js';
import type { SamplerMethod } from './method.js';
import { conversionAt } from './prediction.js';
import { over, plus, times, weighted } from './vector.js';

/** Ancestral sampling on a continuous cosine schedule: diffusers' DDPMWuerstchenScheduler. */
export const ddpmWuerstchen = defineSampler({
  name: 'ddpm_wuerstchen',
  className: 'DDPMWuerstchenScheduler',
  kind: 'own',
  options: ['timesteps'],
  schema: z.object({
    scaler: z.number().positive().default(1),
    s: z.number().min(0).default(0.008),
  }),
  method({ scaler, s }, { numInferenceSteps: count, options }): SamplerMethod {
    /** The last one is a target only. */
    const moments = options.timesteps?.map(f) ?? Array.from(linspace32(1, 0, count + 1));
    const offset = f(s);
    const cosine = (time: number): number =>
      f(f(Math.cos(f(mul(div(time, f(1 + offset)), f(Math.PI)) * 0.5))) ** 2);
    const first = cosine(offset);
    const cumulative = (time: number): number => {
      let at = time;
      if (scaler > 1) at = sub(1, f(sub(1, time) ** f(scaler)));
      else if (scaler < 1) at = f(time ** f(scaler));
      return Math.min(Math.max(div(cosine(f(at + offset)), first), f(0.0001)), f(0.9999));
    };
    const alphas = moments.map(cumulative);
    const levels = alphas.map(variancePreserving);
    const timesteps = moments.slice(0, -1);
    return {
      timesteps,
      initNoiseSigma: 1,
      levels,
      family: 'stochastic',
      draws: () => 1,
      conversion: conversionAt(levels, 'epsilon'),
      advance({ call, output, sample, noise }) {
        const [alpha, next] = [alphas[call] as number, alphas[call + 1] as number];
        const ratio = div(alpha, next);
        const shrunk = over(times(sub(1, ratio), output), sqrt(sub(1, alpha)));
        const mean = times(sqrt(div(1, ratio)), weighted([1, sample], [-1, shrunk]));
        const spread = sqrt(div(mul(sub(1, ratio), sub(1, next)), sub(1, alpha)));
        const fresh = times(spread, noise());
        return { latents: moments[call + 1] === 0 ? mean : plus(mean, fresh) };
      },
    };
  },
});
