import { z } from 'zod';
import { alphasCumprod } from './beta-schedule.js';
import { consistencyTimesteps, distilledTimesteps } from './consistency-timesteps.js';
import { defineSampler } from './definition.js';
import { div, f, sqrt, sub } from './float32.js';
import { consistencyKeys } from './lcm.js';
import { variancePreserving } from './level.js';
import type { SamplerMethod } from './method.js';
import { conversionAt, noiseAt, originalAt } from './prediction.js';
import { weighted } from './vector.js';
import { checkTimesteps } from './whole-timesteps.js';

const CLASS = 'TCDScheduler';
const DEFAULT_ETA = 0.3;

/** Strategic stochastic sampling of trajectory consistency models (Zheng et al. 2024, algorithm 4): diffusers' TCDScheduler. */
export const tcd = defineSampler({
  name: 'tcd',
  className: CLASS,
  kind: 'betas',
  options: ['eta', 'timesteps', 'original_inference_steps', 'strength'],
  schema: z.object(consistencyKeys),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { prediction_type: type, num_train_timesteps: trained } = settings;
    const { eta = DEFAULT_ETA, strength = 1, original_inference_steps: given } = options;
    const alphas = alphasCumprod(settings);
    const originalSteps = given ?? settings.original_inference_steps;
    // With its own number of steps, diffusers distils from every timestep.
    const origin =
      given === undefined
        ? distilledTimesteps(trained, originalSteps, strength, CLASS)
        : Array.from({ length: Math.trunc(trained * strength) }, (_, timestep) => timestep);
    const { timesteps, last } = consistencyTimesteps(
      { origin, originalSteps, trained, className: CLASS },
      numInferenceSteps,
      options,
    );
    checkTimesteps(timesteps, alphas, CLASS, type, 'the timesteps');
    const steps = timesteps.map((timestep, call) => {
      const next = timesteps[call + 1] ?? 0;
      // The timestep that the step jumps to, before noise takes it back up to the next one.
      const jump = Math.floor(f(f(1 - eta) * next));
      const [alphaNext, alphaJump] = [alphas[next] as number, alphas[jump] as number];
      return {
        from: variancePreserving(alphas[timestep] as number),
        jump: variancePreserving(alphaJump),
        ratio: div(alphaNext, alphaJump),
      };
    });
    const levels = [...steps.map(({ from }) => from), variancePreserving(alphas[0] as number)];
    const isNoisy = (call: number): boolean => eta > 0 && call !== last;
    return {
      timesteps,
      initNoiseSigma: 1,
      levels,
      family: eta > 0 ? 'stochastic' : 'ode',
      draws: (call) => (isNoisy(call) ? 1 : 0),
      conversion: conversionAt(levels, type),
      advance({ call, output, sample, noise }) {
        const { from, jump, ratio } = steps[call] as (typeof steps)[number];
        const original = originalAt(from, type, output, sample);
        const noised = weighted([jump.alpha, original], [jump.sigma, noiseAt(from, type, output, sample)]);
        const latents = isNoisy(call)
          ? weighted([sqrt(ratio), noised], [sqrt(sub(1, ratio)), noise()])
          : noised;
        return { latents, predNoisedSample: noised };
      },
    };
  },
});
