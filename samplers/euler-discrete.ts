import { z } from 'zod';
import { alphasCumprod, betaKeys, keepLastAboveZero, trainingSigmas } from './beta-schedule.js';
import { predictionType } from './prediction.js';
import type { Sampler, SamplerDefinition } from './sampler.js';
import { flag, onlyOff, readSettings, type SchedulerConfig } from './scheduler-config.js';
import { StepCursor } from './step-cursor.js';
import { interpolate, karrasSigmas, sigmaToTimestep, spacedTimesteps, timestepSpacing } from './timesteps.js';

const f = Math.fround;
const CLASS = 'EulerDiscreteScheduler';

const schema = z.object({
  ...betaKeys,
  prediction_type: predictionType.default('epsilon'),
  interpolation_type: z.literal('linear').default('linear'),
  use_karras_sigmas: flag(false),
  use_exponential_sigmas: onlyOff(),
  use_beta_sigmas: onlyOff(),
  sigma_min: z.number().positive().nullable().default(null),
  sigma_max: z.number().positive().nullable().default(null),
  timestep_spacing: timestepSpacing.default('linspace'),
  timestep_type: z.literal('discrete').default('discrete'),
  steps_offset: z.int().default(0),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
});
type Settings = z.output<typeof schema>;

/** Euler's method on sigma: Karras et al. 2022, algorithm 2 without churn; diffusers' EulerDiscreteScheduler. */
class EulerDiscrete implements Sampler {
  readonly name = 'euler';
  readonly config: SchedulerConfig;
  readonly numInferenceSteps: number;
  readonly timesteps: readonly number[];
  readonly initNoiseSigma: number;
  readonly #settings: Settings;
  /** T + 1 noise levels, float32. */
  readonly #sigmas: Float32Array;
  readonly #cursor: StepCursor;

  constructor(settings: Settings, numInferenceSteps: number, config: SchedulerConfig) {
    this.config = config;
    this.#settings = settings;
    this.numInferenceSteps = numInferenceSteps;
    const { timesteps, sigmas } = scheduleOf(settings, numInferenceSteps);
    this.timesteps = timesteps;
    this.#sigmas = sigmas;
    const max = sigmas.reduce((a, b) => Math.max(a, b), 0);
    this.initNoiseSigma = settings.timestep_spacing === 'leading' ? inputScale(max) : max;
    this.#cursor = new StepCursor(this.name, numInferenceSteps);
  }

  scaleModelInput(sample: Float32Array, stepIndex: number): Float32Array {
    const scale = inputScale(this.#sigmas[stepIndex] as number);
    const scaled = new Float32Array(sample.length);
    for (let i = 0; i < scaled.length; i += 1) scaled[i] = (sample[i] as number) / scale;
    return scaled;
  }

  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array): Float32Array {
    this.#cursor.take(stepIndex, modelOutput, sample);
    const sigma = this.#sigmas[stepIndex] as number;
    const delta = f((this.#sigmas[stepIndex + 1] as number) - sigma);
    const type = this.#settings.prediction_type;
    const variance = f(f(sigma * sigma) + 1);
    const outputScale = f(-sigma / inputScale(sigma));
    const next = new Float32Array(sample.length);
    for (let i = 0; i < next.length; i += 1) {
      const x = sample[i] as number;
      const output = modelOutput[i] as number;
      let original = output;
      if (type === 'epsilon') original = f(x - f(sigma * output));
      else if (type === 'v_prediction') original = f(f(output * outputScale) + f(x / variance));
      const derivative = f(f(x - original) / sigma);
      next[i] = x + f(derivative * delta);
    }
    return next;
  }

  history(): readonly Float32Array[] {
    return [];
  }

  resume(stepIndex: number): void {
    this.#cursor.resume(stepIndex);
  }
}

function inputScale(sigma: number): number {
  return f(Math.sqrt(f(f(sigma * sigma) + 1)));
}

function scheduleOf(settings: Settings, count: number): { timesteps: number[]; sigmas: Float32Array } {
  const cumprod = alphasCumprod(settings);
  const trained = trainingSigmas(settings.rescale_betas_zero_snr ? keepLastAboveZero(cumprod) : cumprod);
  let timesteps = spacedTimesteps(
    settings.timestep_spacing,
    settings.num_train_timesteps,
    count,
    settings.steps_offset,
  ).map(f);
  let sigmas = timesteps.map((timestep) => interpolate(trained, timestep));
  if (settings.use_karras_sigmas) {
    const sigmaMin = settings.sigma_min ?? (sigmas.at(-1) as number);
    const sigmaMax = settings.sigma_max ?? (sigmas[0] as number);
    sigmas = karrasSigmas(sigmaMin, sigmaMax, count);
    const logSigmas = trained.map((sigma) => Math.log(sigma));
    timesteps = sigmas.map((sigma) => f(sigmaToTimestep(sigma, logSigmas)));
  }
  const last = settings.final_sigmas_type === 'zero' ? 0 : (trained[0] as number);
  return { timesteps, sigmas: Float32Array.from([...sigmas, last]) };
}

export const eulerDiscrete: SamplerDefinition = Object.freeze({
  name: 'euler',
  className: CLASS,
  flowMatching: false,
  create: (config: SchedulerConfig, numInferenceSteps: number) =>
    new EulerDiscrete(readSettings(schema, config, CLASS), numInferenceSteps, config),
});
