import { z } from 'zod';
import { cogVideoXKeys, cogVideoXSchedule } from './cogvideox-schedule.js';
import { defineSampler } from './definition.js';
import type { SamplerMethod } from './method.js';
import { conversionAt } from './prediction.js';
import { type Vector, weighted } from './vector.js';

const CLASS = 'CogVideoXDPMScheduler';

/**
 * DPM-Solver++ 2M with fresh noise on CogVideoX's shifted schedule: diffusers' CogVideoXDPMScheduler. It draws noise for a step of the first
 * order, and once more for the second order that takes its place.
 */
export const cogVideoXDpm = defineSampler({
  name: 'cogvideox_dpm',
  className: CLASS,
  kind: 'own',
  schema: z.object(cogVideoXKeys),
  method(settings, { numInferenceSteps }): SamplerMethod {
    const { timesteps, alphas, round, levels } = cogVideoXSchedule(settings, numInferenceSteps, CLASS);
    const conversion = conversionAt(levels, settings.prediction_type);
    const lambda = (alpha: number): number =>
      round(Math.log(round(Math.sqrt(round(alpha / round(1 - alpha))))));
    const steps = alphas.map(({ alpha, next, isLast }, call) => {
      const h = round(lambda(next) - lambda(alpha));
      const before = alphas[call - 1]?.alpha;
      const r = before === undefined ? Number.NaN : round(round(lambda(alpha) - lambda(before)) / h);
      const noise = round(Math.sqrt(round(1 - next)));
      return {
        sample: round(round(Math.sqrt(round(round(1 - next) / round(1 - alpha)))) * round(Math.exp(-h))),
        original: round(round(Math.expm1(-2 * h)) * round(Math.sqrt(next))),
        old: round(1 / round(2 * r)),
        noise: round(noise * round(Math.sqrt(round(1 - round(Math.exp(-2 * h)))))),
        isLast,
      };
    });
    const isFirstOrder = (call: number, taken: number): boolean =>
      taken === 0 || (steps[call]?.isLast ?? true);
    return {
      timesteps,
      initNoiseSigma: 1,
      levels,
      family: 'stochastic',
      draws: (call, taken) => (isFirstOrder(call, taken) ? 1 : 2),
      conversion,
      advance({ call, taken, output, sample, kept, noise }) {
        const step = steps[call] as (typeof steps)[number];
        const original = conversion.toOriginal(output, sample, call);
        const isFirst = isFirstOrder(call, taken);
        const meant = isFirst
          ? original
          : weighted([round(1 + step.old), original], [-step.old, kept[0] as Vector]);
        return {
          latents: weighted(
            [step.sample, sample],
            [-step.original, meant],
            [step.noise, noise(isFirst ? 0 : 1)],
          ),
          predOriginalSample: original,
          kept: [original],
        };
      },
    };
  },
});
