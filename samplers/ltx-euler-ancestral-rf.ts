import { z } from 'zod';
import { defineSampler } from './definition.js';
import { add, div, f, mul, sqrt, square, sub } from './float32.js';
import { flowLevels } from './flow-match-euler-discrete.js';
import { flowKeys, flowSchedule } from './flow-sigmas.js';
import type { SamplerMethod } from './method.js';
import { velocityConversion } from './prediction.js';
import { plus, times, weighted } from './vector.js';

const CLASS = 'LTXEulerAncestralRFScheduler';
/** Below this a level counts as the end. */
const SIGMA_EPSILON = 1e-8;

/** Euler steps to below the next level of a rectified flow, and fresh noise up to it: diffusers' LTXEulerAncestralRFScheduler. */
export const ltxEulerAncestralRf = defineSampler({
  name: 'ltx_euler_ancestral_rf',
  aliases: ['flow_match_euler_a'],
  className: CLASS,
  kind: 'flow',
  options: ['sigmas', 'mu'],
  schema: z.object({
    // Its own schedule is that of FlowMatchEulerDiscreteScheduler, made from the same config.
    ...flowKeys,
    eta: z.number().min(0).default(1),
    s_noise: z.number().min(0).default(1),
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { eta, s_noise: strength } = settings;
    const given = options.sigmas === undefined ? undefined : Float32Array.from(options.sigmas);
    const own = flowSchedule(settings, numInferenceSteps, { mu: options.mu }, CLASS);
    const sigmas = given ?? own.sigmas;
    const timesteps =
      given === undefined
        ? own.timesteps
        : Array.from(given.subarray(0, -1), (sigma) => f(sigma * settings.num_train_timesteps));
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = velocityConversion(sigmaAt);
    const isNoisy = (call: number): boolean =>
      eta > 0 && strength > 0 && Math.abs(sigmaAt(call + 1)) >= SIGMA_EPSILON;
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels: flowLevels(sigmas),
      family: eta > 0 && strength > 0 ? 'stochastic' : 'flow',
      draws: (call) => (isNoisy(call) ? 1 : 0),
      conversion,
      advance({ call, output, sample, noise }) {
        const [sigma, next] = [sigmaAt(call), sigmaAt(call + 1)];
        const original = conversion.toOriginal(output, sample, call);
        if (Math.abs(next) < SIGMA_EPSILON) return { latents: original };
        const down = mul(next, f(1 + mul(sub(div(next, sigma), 1), eta)));
        const ratio = div(down, sigma);
        const stepped = weighted([ratio, sample], [sub(1, ratio), original]);
        if (!isNoisy(call)) return { latents: stepped };
        const [alpha, alphaDown] = [sub(1, next), sub(1, down)];
        const kept = div(mul(square(down), square(alpha)), add(square(alphaDown), f(1e-12)));
        const spread = sqrt(Math.max(sub(square(next), kept), 0));
        return {
          latents: plus(
            times(div(alpha, add(alphaDown, f(1e-12))), stepped),
            times(strength, times(spread, noise())),
          ),
        };
      },
    };
  },
});
