import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { alphasCumprod, betaKeys, keepLastAboveZero, trainingSigmas } from './beta-schedule.js';
import { predictionType, predictOriginal } from './prediction.js';
import type { Sampler, SamplerDefinition } from './sampler.js';
import { flag, onlyOff, readSettings, type SchedulerConfig } from './scheduler-config.js';
import { StepCursor } from './step-cursor.js';
import {
  interpolate,
  karrasSigmas,
  leading,
  linspace,
  roundHalfEven,
  sigmaToTimestep,
  timestepSpacing,
  trailing,
} from './timesteps.js';

const f = Math.fround;
const CLASS = 'DPMSolverMultistepScheduler';
/** Below this many steps diffusers lowers the order of the last step (`lower_order_final`). */
const FEW_STEPS = 15;

const schema = z.object({
  ...betaKeys,
  solver_order: z.literal([1, 2]).default(2),
  prediction_type: predictionType.default('epsilon'),
  thresholding: onlyOff(),
  algorithm_type: z.literal('dpmsolver++').default('dpmsolver++'),
  solver_type: z.literal('midpoint').default('midpoint'),
  lower_order_final: flag(true),
  euler_at_final: flag(false),
  use_karras_sigmas: flag(false),
  use_lu_lambdas: onlyOff(),
  use_exponential_sigmas: onlyOff(),
  use_beta_sigmas: onlyOff(),
  use_flow_sigmas: onlyOff(),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  // zod's number() refuses infinities, and -Infinity is this key's default in diffusers.
  lambda_min_clipped: z
    .union([z.literal(Number.NEGATIVE_INFINITY), z.number()])
    .default(Number.NEGATIVE_INFINITY),
  variance_type: z.literal(null).default(null),
  timestep_spacing: timestepSpacing.default('linspace'),
  steps_offset: z.int().default(0),
});
type Settings = z.output<typeof schema>;

/** A noise level as the solver needs it, float32: x = alpha x_0 + sigma noise, lambda = log(alpha / sigma). */
interface Level {
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: number;
}

/** DPM-Solver++ (2M, midpoint; order 1 too): Lu et al. 2022, algorithm 2; diffusers' DPMSolverMultistepScheduler. */
class DpmSolverMultistep implements Sampler {
  readonly name = 'dpmpp_2m';
  readonly config: SchedulerConfig;
  readonly numInferenceSteps: number;
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #settings: Settings;
  readonly #levels: readonly Level[];
  readonly #cursor: StepCursor;
  #previousOriginal: Float32Array | undefined;

  constructor(settings: Settings, numInferenceSteps: number, config: SchedulerConfig) {
    this.config = config;
    this.#settings = settings;
    this.numInferenceSteps = numInferenceSteps;
    const { timesteps, sigmas } = scheduleOf(settings, numInferenceSteps);
    this.timesteps = timesteps;
    this.#levels = Array.from(sigmas, levelOf);
    this.#cursor = new StepCursor(this.name, numInferenceSteps);
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array): Float32Array {
    this.#cursor.take(stepIndex, modelOutput, sample);
    const from = this.#levels[stepIndex] as Level;
    const to = this.#levels[stepIndex + 1] as Level;
    const original = predictOriginal(
      this.#settings.prediction_type,
      modelOutput,
      sample,
      from.alpha,
      from.sigma,
    );
    const previous = this.#previousOriginal;
    this.#previousOriginal = original;
    const h = f(to.lambda - from.lambda);
    const keep = f(to.sigma / from.sigma);
    const move = f(to.alpha * f(f(Math.exp(-h)) - 1));
    if (previous === undefined || this.#isFirstOrder(stepIndex)) {
      return firstOrder(sample, original, keep, move);
    }
    const before = this.#levels[stepIndex - 1] as Level;
    const ratio = f(1 / f(f(from.lambda - before.lambda) / h));
    return secondOrder(sample, original, previous, keep, move, ratio);
  }

  history(): readonly Float32Array[] {
    return this.#previousOriginal === undefined ? [] : [this.#previousOriginal];
  }

  resume(stepIndex: number, history: readonly Float32Array[]): void {
    this.#cursor.resume(stepIndex);
    this.#previousOriginal = history[0];
  }

  #isFirstOrder(stepIndex: number): boolean {
    const { solver_order, euler_at_final, lower_order_final, final_sigmas_type } = this.#settings;
    if (solver_order === 1) return true;
    if (stepIndex !== this.numInferenceSteps - 1) return false;
    const few = lower_order_final && this.numInferenceSteps < FEW_STEPS;
    return euler_at_final || few || final_sigmas_type === 'zero';
  }
}

function firstOrder(sample: Float32Array, original: Float32Array, keep: number, move: number): Float32Array {
  const next = new Float32Array(sample.length);
  for (let i = 0; i < next.length; i += 1) {
    next[i] = f(keep * (sample[i] as number)) - f(move * (original[i] as number));
  }
  return next;
}

function secondOrder(
  sample: Float32Array,
  original: Float32Array,
  previous: Float32Array,
  keep: number,
  move: number,
  ratio: number,
): Float32Array {
  const half = f(0.5 * move);
  const next = new Float32Array(sample.length);
  for (let i = 0; i < next.length; i += 1) {
    const x0 = original[i] as number;
    const slope = f(ratio * f(x0 - (previous[i] as number)));
    next[i] = f(f(keep * (sample[i] as number)) - f(move * x0)) - f(half * slope);
  }
  return next;
}

function levelOf(noise: number): Level {
  const alpha = f(1 / f(Math.sqrt(f(f(noise * noise) + 1))));
  const sigma = f(noise * alpha);
  return { alpha, sigma, lambda: f(f(Math.log(alpha)) - f(Math.log(sigma))) };
}

function scheduleOf(settings: Settings, count: number): { timesteps: number[]; sigmas: Float32Array } {
  const cumprod = alphasCumprod(settings);
  const alphas = settings.rescale_betas_zero_snr ? keepLastAboveZero(cumprod) : cumprod;
  const trained = trainingSigmas(alphas);
  let timesteps: number[];
  let sigmas: number[];
  if (settings.use_karras_sigmas) {
    sigmas = karrasSigmas(trained[0] as number, trained.at(-1) as number, count);
    const logSigmas = trained.map((sigma) => Math.log(sigma));
    timesteps = sigmas.map((sigma) => roundHalfEven(sigmaToTimestep(sigma, logSigmas)));
  } else {
    timesteps = startTimesteps(settings, count, usableTimesteps(alphas, settings.lambda_min_clipped));
    sigmas = timesteps.map((timestep) => interpolate(trained, timestep));
  }
  const last = settings.final_sigmas_type === 'zero' ? 0 : (trained[0] as number);
  const schedule = Float32Array.from([...sigmas, last]);
  requireFalling(schedule.subarray(0, count), settings);
  return { timesteps, sigmas: schedule };
}

/** The solver divides by the log-SNR between two steps, so none may repeat the level before it. */
function requireFalling(sigmas: Float32Array, settings: Settings): void {
  const stuck = sigmas.findIndex((sigma, i) => i > 0 && sigma >= (sigmas[i - 1] as number));
  if (stuck < 0) return;
  throw new AsyncDiffError(
    'invalid_settings',
    `${CLASS}: ${sigmas.length} steps with ${settings.timestep_spacing} spacing give step ${stuck} the same noise level as ` +
      'the step before it; ask for fewer steps',
  );
}

/** How many timesteps are left when those with a log-SNR under `lambda_min_clipped` are not started from. */
function usableTimesteps(alphas: Float32Array, lambdaMinClipped: number): number {
  let usable = 0;
  for (const alpha of alphas) {
    const lambda = f(f(Math.log(f(Math.sqrt(alpha)))) - f(Math.log(f(Math.sqrt(f(1 - alpha))))));
    if (lambda >= lambdaMinClipped) usable += 1;
  }
  return usable;
}

/** DPM-Solver++ spaces T + 1 timesteps and starts from the first T, but for trailing. */
function startTimesteps(settings: Settings, count: number, usable: number): number[] {
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

export const dpmSolverMultistep: SamplerDefinition = Object.freeze({
  name: 'dpmpp_2m',
  className: CLASS,
  flowMatching: false,
  create: (config: SchedulerConfig, numInferenceSteps: number) =>
    new DpmSolverMultistep(readSettings(schema, config, CLASS), numInferenceSteps, config),
});
