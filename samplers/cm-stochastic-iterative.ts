import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { defineSampler } from './definition.js';
import { addedNoiseLevels } from './discrete-sigmas.js';
import { div, f, mul, sqrt, square, sub } from './float32.js';
import type { SamplerMethod } from './method.js';
import { flag } from './scheduler-config.js';
import { karrasSigmas } from './sigma-spacing.js';
import { clamp, over, times, weighted } from './vector.js';
import { fallingTimesteps } from './whole-timesteps.js';

const CLASS = 'CMStochasticIterativeScheduler';

/** Multistep sampling of consistency models (Song et al. 2023, algorithm 1): diffusers' CMStochasticIterativeScheduler. */
export const cmStochasticIterative = defineSampler({
  name: 'cm_stochastic_iterative',
  aliases: ['consistency'],
  className: CLASS,
  kind: 'own',
  options: ['timesteps'],
  schema: z.object({
    num_train_timesteps: z.int().min(2).max(1_000_000).default(40),
    sigma_min: z.number().positive().default(0.002),
    sigma_max: z.number().positive().default(80),
    sigma_data: z.number().positive().default(0.5),
    s_noise: z.number().min(0).default(1),
    rho: z.number().positive().default(7),
    clip_denoised: flag(true),
  }),
  method(settings, { numInferenceSteps: count, options }): SamplerMethod {
    const { num_train_timesteps: trained, sigma_min: min, sigma_max: max, sigma_data: data } = settings;
    if (count > trained) {
      throw new AsyncDiffError(
        'invalid_settings',
        `${CLASS}: ${count} steps, the model was trained on ${trained}`,
      );
    }
    const ratio = Math.floor(trained / count);
    const indices =
      fallingTimesteps(options.timesteps, trained, CLASS) ??
      Array.from({ length: count }, (_, i) => (count - 1 - i) * ratio);
    const ramp = indices.toReversed().map((index) => index / (trained - 1));
    const steps = karrasSigmas(ramp, min, max, settings.rho);
    const sigmas = Float32Array.from([...steps, min]);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    /** x_0 = out * output + skip * x: the identity at the lowest sigma. */
    const boundary = (sigma: number): { readonly skip: number; readonly out: number } => {
      const above = sub(sigma, f(min));
      const variance = f(data ** 2);
      return {
        skip: div(variance, f(square(above) + variance)),
        out: div(mul(above, f(data)), sqrt(f(square(sigma) + variance))),
      };
    };
    return {
      timesteps: steps.map((sigma) => 250 * Math.log(sigma + 1e-44)),
      sigmas,
      initNoiseSigma: max,
      levels: addedNoiseLevels(sigmas),
      family: 'stochastic',
      worthwhile: false,
      draws: () => (steps.length > 1 ? 1 : 0),
      conversion: {
        toOriginal(output, x, call) {
          const { skip, out } = boundary(sigmaAt(call));
          return weighted([out, output], [skip, x]);
        },
        fromOriginal(original, x, call) {
          const { skip, out } = boundary(sigmaAt(call));
          return over(weighted([1, original], [-skip, x]), out);
        },
      },
      scaleModelInput: (sample, call) => over(sample, sqrt(f(square(sigmaAt(call)) + f(data ** 2)))),
      advance({ call, output, sample, noise }) {
        const { skip, out } = boundary(sigmaAt(call));
        const meant = weighted([out, output], [skip, sample]);
        const original = settings.clip_denoised ? clamp(meant, 1) : meant;
        if (steps.length === 1) return { latents: original };
        const next = sigmaAt(call + 1 < trained ? call + 1 : sigmas.length - 1);
        const raised = Math.min(Math.max(next, f(min)), f(max));
        const spread = sqrt(sub(square(raised), f(min ** 2)));
        return { latents: weighted([1, original], [spread, times(settings.s_noise, noise())]) };
      },
    };
  },
});
