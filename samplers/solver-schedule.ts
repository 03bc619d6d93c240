import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { alphasAboveZero, type BetaSettings, trainingSigmas } from './beta-schedule.js';
import { f, log, sqrt, sub } from './float32.js';
import { numpyLog } from './numpy-log.js';
import type { SamplerOptions } from './sampler-options.js';
import { flag, MINUS_INFINITY } from './scheduler-config.js';
import { refuseListWithSpacing, sigmaSpacing, spacedSigmas, spacingKeys } from './sigma-spacing.js';
import {
  interpolate,
  leading,
  linspace,
  roundHalfEven,
  sigmaToTimestep,
  timestepSpacing,
  trailing,
} from './timesteps.js';

/** Keys of the solvers of the diffusion equation in log-SNR (DPM-Solver, DEIS, UniPC, SA-Solver), besides their betas. */
export const solverScheduleKeys = {
  ...spacingKeys,
  use_flow_sigmas: flag(false),
  flow_shift: z.number().positive().default(1),
  timestep_spacing: timestepSpacing.default('linspace'),
  steps_offset: z.int().default(0),
  use_dynamic_shifting: flag(false),
  time_shift_type: z.enum(['exponential']).default('exponential'),
};

export const lambdaClipKeys = {
  // zod's number() refuses infinities, and -Infinity is this key's default in diffusers.
  lambda_min_clipped: z.union([MINUS_INFINITY, z.number()]).default(Number.NEGATIVE_INFINITY),
};

type SolverScheduleSettings = BetaSettings &
  z.output<z.ZodObject<typeof spacingKeys>> & {
    readonly use_flow_sigmas: boolean;
    readonly flow_shift: number;
    readonly timestep_spacing: z.output<typeof timestepSpacing>;
    readonly steps_offset: number;
    readonly use_dynamic_shifting?: boolean;
    readonly lambda_min_clipped?: number;
    readonly use_lu_lambdas?: boolean;
  };

interface SolverSchedule {
  /** Whole numbers, one per step. */
  readonly timesteps: readonly number[];
  /** One per step and the last level, float32. */
  readonly sigmas: Float32Array;
}

/** Where classes differ. */
interface SolverScheduleShape {
  readonly className: string;
  /** The level after the last step, by the sigmas before it and the lowest training sigma. */
  readonly lastSigma: (sigmas: readonly number[], trained: Float32Array, isSpaced: boolean) => number;
  /** Timesteps of Karras sigmas are rounded; others, and those of every class in the end, are cut to whole numbers. */
  readonly roundsKarras?: boolean;
  /** Sigmas for flow matching, where the class has a way of its own. */
  readonly flowSigmas?: (count: number) => number[];
}

export function solverSchedule(
  settings: SolverScheduleSettings,
  count: number,
  options: SamplerOptions,
  shape: SolverScheduleShape,
): SolverSchedule {
  const shift = shape.flowSigmas === undefined ? flowShift(settings, options, shape.className) : 1;
  const alphas = alphasAboveZero(settings);
  const trained = trainingSigmas(alphas);
  const named = sigmaSpacing(settings);
  // Lu's spacing goes before all but Karras'.
  const spacing = settings.use_lu_lambdas === true && named !== 'karras' ? undefined : named;
  if (
    spacing !== undefined &&
    settings.use_flow_sigmas &&
    !(shape.flowSigmas !== undefined && spacing === 'karras')
  ) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${shape.className}: use_flow_sigmas and use_${spacing}_sigmas exclude each other`,
    );
  }
  const isOwn = settings.use_lu_lambdas === true ? 'lu' : settings.use_flow_sigmas ? 'flow' : undefined;
  refuseListWithSpacing(options.timesteps, spacing ?? isOwn);
  const logSigmas = trained.map(numpyLog);
  const timestepOf = (sigma: number): number => sigmaToTimestep(sigma, logSigmas);
  const { roundsKarras = true } = shape;
  let sigmas: number[];
  let timesteps: number[];
  if (spacing !== undefined) {
    sigmas = spacedSigmas(spacing, settings, endsOf(trained, count));
    timesteps = sigmas.map(timestepOf);
    if (settings.use_flow_sigmas && shape.flowSigmas !== undefined && spacing === 'karras') {
      sigmas = sigmas.map((sigma) => sigma / (sigma + 1));
      timesteps = sigmas.map((sigma) => sigma * settings.num_train_timesteps);
    } else if (spacing === 'karras' && roundsKarras) timesteps = timesteps.map(roundHalfEven);
  } else if (settings.use_lu_lambdas === true) {
    const { first, last } = endsOf(logSigmas, count);
    sigmas = linspace(0, 1, count).map((ramp) => Math.exp(first + ramp * (last - first)));
    timesteps = sigmas.map(timestepOf);
    if (roundsKarras) timesteps = timesteps.map(roundHalfEven);
  } else if (settings.use_flow_sigmas) {
    sigmas = shape.flowSigmas?.(count) ?? shiftedFlowSigmas(count, settings.num_train_timesteps, shift);
    timesteps = sigmas.map((sigma) => sigma * settings.num_train_timesteps);
  } else {
    const usable = usableTimesteps(alphas, settings.lambda_min_clipped);
    timesteps = [...(options.timesteps ?? startTimesteps(settings, count, usable))];
    sigmas = timesteps.map((timestep) => interpolate(trained, timestep));
  }
  const isSpaced = spacing !== undefined || settings.use_flow_sigmas;
  const last = shape.lastSigma(sigmas, trained, isSpaced);
  requireFalling(Float32Array.from(sigmas), shape.className);
  return { timesteps: timesteps.map(Math.trunc), sigmas: Float32Array.from([...sigmas, last]) };
}

/** By `final_sigmas_type`: 0, or the lowest training sigma. */
export function finalSigma(type: 'zero' | 'sigma_min'): SolverScheduleShape['lastSigma'] {
  return (_, trained) => (type === 'zero' ? 0 : (trained[0] as number));
}

/** The lowest training sigma after sigmas at timesteps; after others the last one again. */
export const repeatedSigma: SolverScheduleShape['lastSigma'] = (sigmas, trained, isSpaced) =>
  isSpaced ? (sigmas.at(-1) as number) : (trained[0] as number);

/** `flow_shift`, or with dynamic shifting the exponential of `mu`. */
function flowShift(settings: SolverScheduleSettings, { mu }: SamplerOptions, className: string): number {
  if (mu === undefined) return settings.flow_shift;
  if (settings.use_dynamic_shifting === true) return Math.exp(mu);
  throw new AsyncDiffError('invalid_settings', `${className}: mu needs use_dynamic_shifting in the config`);
}

function shiftedFlowSigmas(count: number, trained: number, shift: number): number[] {
  return linspace(1, 1 / trained, count + 1)
    .map((alpha) => 1 - alpha)
    .map((sigma) => (shift * sigma) / (1 + (shift - 1) * sigma))
    .toReversed()
    .slice(0, count);
}

function endsOf(rising: Float32Array, count: number): { first: number; last: number; count: number } {
  return { first: rising.at(-1) as number, last: rising[0] as number, count };
}

/** The solvers divide by the log-SNR between two steps, so none may repeat the level before it. */
function requireFalling(sigmas: Float32Array, className: string): void {
  const stuck = sigmas.findIndex((sigma, i) => i > 0 && sigma >= (sigmas[i - 1] as number));
  if (stuck < 0) return;
  throw new AsyncDiffError(
    'invalid_settings',
    `${className}: ${sigmas.length} steps give step ${stuck} the same noise level as the step before it; ask for fewer steps`,
  );
}

/** How many timesteps are left when those with a log-SNR under `lambda_min_clipped` are not started from. */
function usableTimesteps(alphas: Float32Array, lambdaMinClipped = Number.NEGATIVE_INFINITY): number {
  let usable = 0;
  for (const alpha of alphas) {
    const lambda = sub(log(sqrt(alpha)), log(sqrt(f(1 - alpha))));
    if (lambda >= f(lambdaMinClipped)) usable += 1;
  }
  return usable;
}

/** These classes space T + 1 timesteps and start from the first T, but for trailing. */
function startTimesteps(settings: SolverScheduleSettings, count: number, usable: number): number[] {
  if (settings.timestep_spacing === 'trailing') {
    return trailing(count, usable, settings.num_train_timesteps / count);
  }
  if (settings.timestep_spacing === 'linspace') {
    return linspace(0, usable - 1, count + 1)
      .map(roundHalfEven)
      .reverse()
      .slice(0, count);
  }
  const ratio = Math.floor(usable / (count + 1));
  return leading(count, ratio, ratio + settings.steps_offset);
}
