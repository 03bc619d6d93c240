import { z } from 'zod';
import { alphasAboveZero, type BetaSettings, trainingSigmas } from './beta-schedule.js';
import { f, sqrt, square } from './float32.js';
import { addedNoise, type Level } from './level.js';
import { numpyLog } from './numpy-log.js';
import { sigmaSpacing, spacedSigmas, spacingKeys } from './sigma-spacing.js';
import {
  interpolate,
  roundHalfEven,
  sigmaToTimestep,
  spacedTimesteps,
  timestepSpacing,
} from './timesteps.js';
import { over, type Vector } from './vector.js';

/** Keys of the sigma-based schedulers of k-diffusion, besides their betas. */
export const discreteSigmaKeys = {
  ...spacingKeys,
  timestep_spacing: timestepSpacing.default('linspace'),
  steps_offset: z.int().default(0),
};

type DiscreteSigmaSettings = BetaSettings & z.output<z.ZodObject<typeof discreteSigmaKeys>>;

interface DiscreteSigmas {
  /** One per step, as numpy has them: in double, but for those that were made in float32. */
  readonly timesteps: readonly number[];
  /** One per step, falling, in double; the level after the last step is for the caller to add. */
  readonly sigmas: readonly number[];
  /** Of the training timesteps. */
  readonly logSigmas: Float32Array;
  readonly trained: Float32Array;
}

interface DiscreteSigmaShape {
  /** Timesteps given by hand. */
  readonly timesteps?: readonly number[] | undefined;
  /** Spaced timesteps are rounded to float32, as all but DPMSolverSDE do. */
  readonly single?: boolean;
  /** Karras sigmas have whole timesteps, as KDPM2's do. */
  readonly roundKarras?: boolean;
  /** In place of the sigmas at the timesteps (Euler's log_linear). */
  readonly sigmasFrom?: (trained: Float32Array) => readonly number[];
}

/** Timesteps and sigmas of a run of `count` steps, as the schedulers of k-diffusion's samplers compute them. */
export function discreteSigmas(
  settings: DiscreteSigmaSettings,
  count: number,
  { timesteps: given, single = true, roundKarras = false, sigmasFrom }: DiscreteSigmaShape = {},
): DiscreteSigmas {
  const trained = trainingSigmas(alphasAboveZero(settings));
  const logSigmas = trained.map(numpyLog);
  const spaced =
    given ??
    spacedTimesteps(settings.timestep_spacing, settings.num_train_timesteps, count, settings.steps_offset);
  const timesteps = single ? spaced.map(f) : spaced;
  const sigmas = sigmasFrom?.(trained) ?? timesteps.map((timestep) => interpolate(trained, timestep));
  const spacing = sigmaSpacing(settings);
  if (spacing === undefined) return { timesteps, sigmas, logSigmas, trained };
  const ends = { first: sigmas[0] as number, last: sigmas.at(-1) as number, count };
  const moved = spacedSigmas(spacing, settings, ends);
  const round = roundKarras && spacing === 'karras' ? roundHalfEven : (value: number): number => value;
  return {
    timesteps: moved.map((sigma) => round(sigmaToTimestep(sigma, logSigmas))),
    sigmas: moved,
    logSigmas,
    trained,
  };
}

/** What unit noise is multiplied by: diffusers' `init_noise_sigma`, which depends on the spacing. */
export function initialSigma(spacing: string, sigmas: Float32Array): number {
  const max = sigmas.reduce((a, b) => Math.max(a, b), 0);
  return spacing === 'leading' ? inputScale(max) : max;
}

/** The latents as a model of unit variance takes them. */
export function scaledInput(sample: Vector, sigma: number): Vector {
  return over(sample, inputScale(sigma));
}

/** sqrt(sigma^2 + 1), float32. */
function inputScale(sigma: number): number {
  return sqrt(f(square(sigma) + 1));
}

export function addedNoiseLevels(sigmas: Iterable<number>): Level[] {
  return Array.from(sigmas, addedNoise);
}

/** The first, each of the others twice, the last twice where `twice`: how classes with two calls a step keep their lists. */
export function interleaved(values: Float32Array, lastTwice: boolean): Float32Array {
  const [first, ...rest] = values;
  const doubled = rest.flatMap((value, i) =>
    i === rest.length - 1 && !lastTwice ? [value] : [value, value],
  );
  return Float32Array.from([first as number, ...doubled]);
}

/** torch.lerp halfway between two float32 values. */
export function halfway(start: number, end: number): number {
  return f(end - f(f(end - start) * 0.5));
}
