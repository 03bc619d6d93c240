import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { linspace32 } from './beta-schedule.js';
import { defineSampler, type MethodRequest } from './definition.js';
import { f } from './float32.js';
import type { Level } from './level.js';
import type { SamplerMethod } from './method.js';
import { over, times, weighted } from './vector.js';

const CLASS = 'SCMScheduler';
const DEFAULT_MAX = 1.5708;
const DEFAULT_BETWEEN = 1.3;

/** Multistep sampling of continuous-time consistency models (Lu and Song 2024), as SANA-Sprint has it: diffusers' SCMScheduler. */
export const scm = defineSampler({
  name: 'scm',
  className: CLASS,
  kind: 'own',
  options: ['timesteps', 'max_timesteps', 'intermediate_timesteps'],
  schema: z.object({
    num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
    prediction_type: z.enum(['trigflow']).default('trigflow'),
    sigma_data: z.number().positive().default(0.5),
  }),
  method(settings, run): SamplerMethod {
    /** The last one is a target only. */
    const angles = anglesOf(run);
    const levels = angles.map((angle): Level => ({ alpha: f(Math.cos(angle)), sigma: f(Math.sin(angle)) }));
    const levelAt = (call: number): Level => levels[call] as Level;
    return {
      timesteps: angles.slice(0, -1),
      initNoiseSigma: 1,
      levels,
      family: 'stochastic',
      worthwhile: false,
      draws: () => 1,
      conversion: {
        toOriginal: (output, x, call) => weighted([levelAt(call).alpha, x], [-levelAt(call).sigma, output]),
        fromOriginal: (original, x, call) =>
          over(weighted([levelAt(call).alpha, x], [-1, original]), levelAt(call).sigma),
      },
      advance({ call, output, sample, noise }) {
        const [from, to] = [levelAt(call), levelAt(call + 1)];
        const original = weighted([from.alpha, sample], [-from.sigma, output]);
        const fresh = times(settings.sigma_data, noise());
        return {
          latents: weighted([to.alpha, original], [to.sigma, fresh]),
          predOriginalSample: original,
        };
      },
    };
  },
});

function anglesOf({ numInferenceSteps: count, options }: MethodRequest): number[] {
  const { timesteps, max_timesteps: max = DEFAULT_MAX } = options;
  if (timesteps !== undefined) {
    if (timesteps.length === count + 1) return timesteps.map(f);
    throw new AsyncDiffError(
      'invalid_settings',
      `${CLASS}: ${timesteps.length} timesteps for ${count} steps; there must be one more, the last a target only`,
    );
  }
  // Two steps have a timestep between by default, which no other number of steps can have.
  const between =
    options.intermediate_timesteps ??
    (options.intermediate_timesteps === null ? null : defaultBetween(count));
  if (between === null) return Array.from(linspace32(max, 0, count + 1));
  if (count === 2) return [max, between, 0].map(f);
  throw new AsyncDiffError(
    'invalid_settings',
    `${CLASS}: intermediate_timesteps are for 2 steps; got ${count}`,
  );
}

function defaultBetween(count: number): number | null {
  return count === 2 ? DEFAULT_BETWEEN : null;
}
