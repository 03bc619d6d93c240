import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { alphasCumprod, betaKeys } from './beta-schedule.js';
import { noiseOf, originalOf, predictionType } from './prediction.js';
import type { Sampler, SamplerDefinition } from './sampler.js';
import { flag, onlyOff, readSettings, type SchedulerConfig } from './scheduler-config.js';
import { StepCursor } from './step-cursor.js';
import { roundHalfEven, spacedTimesteps, timestepSpacing } from './timesteps.js';

const f = Math.fround;
const CLASS = 'DDIMScheduler';

const schema = z.object({
  ...betaKeys,
  clip_sample: flag(true),
  clip_sample_range: z.number().positive().default(1),
  set_alpha_to_one: flag(true),
  steps_offset: z.int().default(0),
  prediction_type: predictionType.default('epsilon'),
  thresholding: onlyOff(),
  timestep_spacing: timestepSpacing.default('leading'),
});
type Settings = z.output<typeof schema>;

/** The four scalars of one step, float32: x_t = alpha x_0 + sigma noise, and the same of the step's end. */
interface StepScalars {
  readonly alpha: number;
  readonly sigma: number;
  readonly alphaNext: number;
  readonly sigmaNext: number;
}

/** DDIM without added noise (eta = 0): Song et al. 2020, equation 12; diffusers' DDIMScheduler. */
class Ddim implements Sampler {
  readonly name = 'ddim';
  readonly config: SchedulerConfig;
  readonly numInferenceSteps: number;
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  readonly #settings: Settings;
  readonly #scalars: readonly StepScalars[];
  readonly #cursor: StepCursor;

  constructor(settings: Settings, numInferenceSteps: number, config: SchedulerConfig) {
    this.config = config;
    this.#settings = settings;
    this.numInferenceSteps = numInferenceSteps;
    this.timesteps = spacedTimesteps(
      settings.timestep_spacing,
      settings.num_train_timesteps,
      numInferenceSteps,
      settings.steps_offset,
    ).map(roundHalfEven);
    this.#scalars = scalarsOf(settings, this.timesteps);
    this.#cursor = new StepCursor(this.name, numInferenceSteps);
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array): Float32Array {
    this.#cursor.take(stepIndex, modelOutput, sample);
    const { alpha, sigma, alphaNext, sigmaNext } = this.#scalars[stepIndex] as StepScalars;
    const { prediction_type: type, clip_sample, clip_sample_range } = this.#settings;
    const range = f(clip_sample_range);
    const next = new Float32Array(sample.length);
    for (let i = 0; i < next.length; i += 1) {
      const output = modelOutput[i] as number;
      const x = sample[i] as number;
      const original = originalOf(type, output, x, alpha, sigma);
      // diffusers clips x_0 but keeps the noise of the unclipped one (use_clipped_model_output is off in its pipelines).
      const noise = noiseOf(type, output, x, original, alpha, sigma);
      const clipped = clip_sample ? Math.min(Math.max(original, -range), range) : original;
      next[i] = f(alphaNext * clipped) + f(sigmaNext * noise);
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

function scalarsOf(settings: Settings, timesteps: readonly number[]): StepScalars[] {
  const alphas = alphasCumprod(settings);
  const finalAlpha = settings.set_alpha_to_one ? 1 : (alphas[0] ?? 1);
  const stepLength = Math.floor(settings.num_train_timesteps / timesteps.length);
  return timesteps.map((timestep) => {
    const current = alphas[timestep];
    if (current === undefined) {
      throw new AsyncDiffError(
        'invalid_settings',
        `${CLASS}: ${timesteps.length} steps with steps_offset ${settings.steps_offset} reach timestep ${timestep}, ` +
          `beyond the ${alphas.length} that the model was trained on; ask for fewer steps`,
      );
    }
    if (current === 0 && settings.prediction_type === 'epsilon') {
      throw new AsyncDiffError(
        'invalid_settings',
        `${CLASS}: with rescale_betas_zero_snr timestep ${timestep} holds no signal, and epsilon cannot be solved for it`,
        { hint: 'Use v_prediction or sample, or a timestep_spacing that leaves the last timestep out.' },
      );
    }
    const end = timestep - stepLength;
    const next = end >= 0 ? (alphas[end] ?? finalAlpha) : finalAlpha;
    return {
      alpha: f(Math.sqrt(current)),
      sigma: f(Math.sqrt(f(1 - current))),
      alphaNext: f(Math.sqrt(next)),
      sigmaNext: f(Math.sqrt(f(1 - next))),
    };
  });
}

export const ddim: SamplerDefinition = Object.freeze({
  name: 'ddim',
  className: CLASS,
  flowMatching: false,
  create: (config: SchedulerConfig, numInferenceSteps: number) =>
    new Ddim(readSettings(schema, config, CLASS), numInferenceSteps, config),
});
