import { z } from 'zod';
import { linspace32 } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import { f, sqrt, square, sub } from './float32.js';
import type { Level } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { meanOf } from './pndm.js';
import { conversionAt } from './prediction.js';
import { over, weighted } from './vector.js';

/** A linear multistep method of the fourth order without a warm-up of Runge-Kutta steps: diffusers' IPNDMScheduler. */
export const ipndm = defineSampler({
  name: 'ipndm',
  className: 'IPNDMScheduler',
  kind: 'own',
  schema: z.object({
    num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
    trained_betas: z.array(z.number()).min(2).nullable().default(null),
  }),
  method(settings, { numInferenceSteps: count }): SamplerMethod {
    const sines = linspace32(1, 0, count + 1).map((x) => f(Math.sin(f(f(x * f(Math.PI)) / 2))) ** 2);
    const betas = settings.trained_betas === null ? sines : Float32Array.from(settings.trained_betas);
    const levels = Array.from(betas, (sigma): Level => ({ alpha: sqrt(sub(1, square(sigma))), sigma }));
    const timesteps = levels
      .slice(0, -1)
      .map(({ alpha, sigma }) => f(f(f(Math.atan2(sigma, alpha)) / f(Math.PI)) * 2));
    const levelAt = (call: number): Level => levels[call] as Level;
    return {
      timesteps,
      initNoiseSigma: 1,
      levels,
      family: 'ode',
      conversion: conversionAt(levels, 'v_prediction'),
      advance({ call, output, sample, kept }) {
        const [from, to] = [levelAt(call), levelAt(call + 1)];
        const outputs = [...newest(kept, 3), weighted([from.sigma, sample], [from.alpha, output])];
        const noise = meanOf(outputs);
        const original = over(weighted([1, sample], [-from.sigma, noise]), Math.max(from.alpha, f(1e-8)));
        return { latents: weighted([to.alpha, original], [to.sigma, noise]), kept: newest(outputs, 3) };
      },
    };
  },
});
