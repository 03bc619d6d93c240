import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { f } from './float32.js';
import type { SamplerOptions } from './sampler-options.js';
import { flag } from './scheduler-config.js';
import { NO_SPACING, sigmaSpacing, spacedSigmas, spacingKeys } from './sigma-spacing.js';
import { linspace } from './timesteps.js';

/** Keys of the flow-matching schedulers. The four for a picture's size are for pipelines, which compute `mu` from them. */
export const flowKeys = {
  num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
  shift: z.number().positive().default(1),
  use_dynamic_shifting: flag(false),
  base_shift: z.number().nullish(),
  max_shift: z.number().nullish(),
  base_image_seq_len: z.number().nullish(),
  max_image_seq_len: z.number().nullish(),
  invert_sigmas: flag(false),
  shift_terminal: z.number().nullable().default(null),
  ...spacingKeys,
  time_shift_type: z.enum(['exponential', 'linear']).default('exponential'),
};

/** No shifting but `shift`: classes that know nothing else. */
export const PLAIN_FLOW = Object.freeze({
  use_dynamic_shifting: false,
  invert_sigmas: false,
  shift_terminal: null,
  ...NO_SPACING,
  time_shift_type: 'exponential' as const,
});

type FlowSettings = z.output<z.ZodObject<typeof flowKeys>>;

interface FlowSchedule {
  /** One per step, float32. */
  readonly timesteps: readonly number[];
  /** One per step and the end, float32: the share of noise. */
  readonly sigmas: Float32Array;
}

/** Shifts, stretches and spaces the shares of noise of a run, in the order of diffusers' FlowMatchEulerDiscreteScheduler. */
export function flowSchedule(
  settings: FlowSettings,
  count: number,
  { sigmas: given, timesteps, mu }: SamplerOptions,
  className: string,
): FlowSchedule {
  if (given !== undefined && timesteps !== undefined && given.length !== timesteps.length) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${className}: ${given.length} sigmas and ${timesteps.length} timesteps; there must be as many`,
    );
  }
  const trained = settings.num_train_timesteps;
  // Lists from outside are float32 arrays in diffusers, and all that is done to them rounds.
  const round = given === undefined && timesteps === undefined ? (x: number) => x : f;
  const start = given ?? timesteps?.map((timestep) => f(f(timestep) / trained)) ?? ownSigmas(settings, count);
  let sigmas = start.map((sigma) => shifted(settings, round(sigma), mu, round, className));
  if (settings.shift_terminal !== null && settings.shift_terminal !== 0)
    sigmas = stretched(sigmas, settings.shift_terminal, round);
  const spacing = sigmaSpacing(settings);
  if (spacing !== undefined) {
    const ends = { first: sigmas[0] as number, last: sigmas.at(-1) as number, count: sigmas.length };
    sigmas = spacedSigmas(spacing, settings, ends);
  }
  let single = Float32Array.from(sigmas);
  if (settings.invert_sigmas) single = single.map((sigma) => 1 - sigma);
  const ownTimesteps = Array.from(single, (sigma) => f(sigma * trained));
  return {
    sigmas: Float32Array.from([...single, settings.invert_sigmas ? 1 : 0]),
    timesteps: settings.invert_sigmas || timesteps === undefined ? ownTimesteps : timesteps.map(f),
  };
}

/** Evenly from the highest to the lowest share of noise; both are shifted once already, and the steps between once more. */
function ownSigmas(
  { num_train_timesteps: trained, shift, use_dynamic_shifting }: FlowSettings,
  count: number,
) {
  const end = (timestep: number): number => {
    const sigma = f(timestep / trained);
    if (use_dynamic_shifting) return sigma;
    return f(f(f(shift) * sigma) / f(1 + f(f(shift - 1) * sigma)));
  };
  return linspace(end(trained) * trained, end(1) * trained, count).map((timestep) => timestep / trained);
}

type Round = (value: number) => number;

function shifted(
  settings: FlowSettings,
  sigma: number,
  mu: number | undefined,
  round: Round,
  className: string,
) {
  const { shift } = settings;
  if (!settings.use_dynamic_shifting)
    return round(round(round(shift) * sigma) / round(1 + round(round(shift - 1) * sigma)));
  if (mu === undefined) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${className} with use_dynamic_shifting needs mu, which follows from the size of the picture`,
      { hint: 'Give the option mu, or set use_dynamic_shifting to false in the scheduler config.' },
    );
  }
  const strength = settings.time_shift_type === 'exponential' ? Math.exp(mu) : mu;
  return round(round(strength) / round(round(strength) + round(round(1 / sigma) - 1)));
}

/** So that the last share of noise becomes `terminal`. */
function stretched(sigmas: readonly number[], terminal: number, round: Round): number[] {
  const scale = round(round(1 - (sigmas.at(-1) as number)) / round(1 - terminal));
  return sigmas.map((sigma) => round(1 - round(round(1 - sigma) / scale)));
}
