import { z } from 'zod';
import { defineSampler } from './definition.js';
import { sub } from './float32.js';
import { flowKeys, flowSchedule } from './flow-sigmas.js';
import { type Level, rectified } from './level.js';
import type { SamplerMethod } from './method.js';
import { velocityConversion } from './prediction.js';
import { flag } from './scheduler-config.js';
import { weighted } from './vector.js';

const CLASS = 'FlowMatchEulerDiscreteScheduler';

/** Euler's method on a rectified flow: Esser et al. 2024, section 2; diffusers' FlowMatchEulerDiscreteScheduler. */
export const flowMatchEulerDiscrete = defineSampler({
  name: 'flow_match_euler',
  className: CLASS,
  kind: 'flow',
  options: ['sigmas', 'timesteps', 'mu'],
  schema: z.object({ ...flowKeys, stochastic_sampling: flag(false) }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { timesteps, sigmas } = flowSchedule(settings, numInferenceSteps, options, CLASS);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = velocityConversion(sigmaAt);
    const isStochastic = settings.stochastic_sampling;
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels: flowLevels(sigmas),
      family: isStochastic ? 'stochastic' : 'flow',
      worthwhile: !isStochastic,
      draws: () => (isStochastic ? 1 : 0),
      conversion,
      advance({ call, output, sample, noise }) {
        const next = sigmaAt(call + 1);
        if (!isStochastic) return { latents: weighted([1, sample], [sub(next, sigmaAt(call)), output]) };
        const original = conversion.toOriginal(output, sample, call);
        return { latents: weighted([sub(1, next), original], [next, noise()]) };
      },
    };
  },
});

export function flowLevels(sigmas: Iterable<number>): Level[] {
  return Array.from(sigmas, rectified);
}
