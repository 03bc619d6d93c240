import { z } from 'zod';
import { CHURN_OPTIONS, churned, churnOf } from './churn.js';
import { defineSampler } from './definition.js';
import { interleaved } from './discrete-sigmas.js';
import { sub } from './float32.js';
import { flowLevels } from './flow-match-euler-discrete.js';
import { flowSchedule, PLAIN_FLOW } from './flow-sigmas.js';
import type { SamplerMethod } from './method.js';
import { velocityConversion } from './prediction.js';
import { minus, over, plus, times, type Vector, weighted } from './vector.js';

const CLASS = 'FlowMatchHeunDiscreteScheduler';

/**
 * Heun's method on a rectified flow, two calls a step and one in the last: diffusers' FlowMatchHeunDiscreteScheduler. Calls 2k and 2k + 1 are at
 * sigma k and k + 1.
 */
export const flowMatchHeunDiscrete = defineSampler({
  name: 'flow_match_heun',
  className: CLASS,
  kind: 'flow',
  options: CHURN_OPTIONS,
  schema: z.object({
    num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
    shift: z.number().positive().default(1),
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const schedule = flowSchedule({ ...PLAIN_FLOW, ...settings }, numInferenceSteps, {}, CLASS);
    const sigmas = interleaved(schedule.sigmas, false);
    const timesteps = Array.from(interleaved(Float32Array.from(schedule.timesteps), true));
    const sigmaAt = (call: number): number => sigmas[call] as number;
    /** Of both calls of a step. */
    const gammaAt = (call: number): number => churnOf(options, sigmaAt(call - (call % 2)), sigmas.length - 1);
    const isStochastic = timesteps.some((_, call) => gammaAt(call) > 0);
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels: flowLevels(sigmas),
      family: isStochastic ? 'stochastic' : 'copy',
      draws: (call) => (gammaAt(call) > 0 ? 1 : 0),
      conversion: velocityConversion(sigmaAt),
      advance(input) {
        const { call, output, kept } = input;
        const isFirst = call % 2 === 0;
        const from = sigmaAt(isFirst ? call : call - 1);
        const { sigma, sample } = churned(input, from, gammaAt(call), options.s_noise);
        const denoised = weighted([1, sample], [-sigmaAt(call), output]);
        const derivative = over(minus(sample, denoised), isFirst ? sigma : sigmaAt(call));
        const step = sub(sigmaAt(isFirst ? call + 1 : call), sigma);
        if (isFirst) return { latents: plus(sample, times(step, derivative)), kept: [derivative, sample] };
        const [before, start] = kept as readonly [Vector, Vector];
        return { latents: plus(start, times(step, times(0.5, plus(before, derivative)))) };
      },
    };
  },
});
