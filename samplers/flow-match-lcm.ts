import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { defineSampler } from './definition.js';
import { sub } from './float32.js';
import { flowLevels } from './flow-match-euler-discrete.js';
import { flowKeys, flowSchedule } from './flow-sigmas.js';
import type { SamplerMethod } from './method.js';
import { velocityConversion } from './prediction.js';
import { weighted } from './vector.js';

const CLASS = 'FlowMatchLCMScheduler';

/** Clean sample, then noise anew for the next level: diffusers' FlowMatchLCMScheduler. */
export const flowMatchLcm = defineSampler({
  name: 'flow_match_lcm',
  className: CLASS,
  kind: 'flow',
  options: ['sigmas', 'timesteps', 'mu'],
  schema: z.object({ ...flowKeys, scale_factors: z.array(z.number()).nullish() }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    if ((settings.scale_factors ?? []).length > 0) {
      throw new AsyncDiffError(
        'scheduler_unsupported',
        `${CLASS} with scale_factors changes the size of the latents from step to step, which is not supported`,
        { hint: 'Set scale_factors to null in the scheduler config.' },
      );
    }
    const { timesteps, sigmas } = flowSchedule(settings, numInferenceSteps, options, CLASS);
    const conversion = velocityConversion((call) => sigmas[call] as number);
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels: flowLevels(sigmas),
      family: 'stochastic',
      worthwhile: false,
      draws: () => 1,
      conversion,
      advance({ call, output, sample, noise }) {
        const original = conversion.toOriginal(output, sample, call);
        const next = sigmas[call + 1] as number;
        return { latents: weighted([sub(1, next), original], [next, noise()]) };
      },
    };
  },
});
