import { z } from 'zod';
import type { Sampler, SamplerDefinition } from './sampler.js';
import { onlyOff, readSettings, type SchedulerConfig } from './scheduler-config.js';
import { StepCursor } from './step-cursor.js';
import { linspace } from './timesteps.js';

const f = Math.fround;
const CLASS = 'FlowMatchEulerDiscreteScheduler';

const schema = z.object({
  num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
  shift: z.number().positive().default(1),
  use_dynamic_shifting: onlyOff(),
  shift_terminal: z.literal(null).default(null),
  invert_sigmas: onlyOff(),
  use_karras_sigmas: onlyOff(),
  use_exponential_sigmas: onlyOff(),
  use_beta_sigmas: onlyOff(),
  stochastic_sampling: onlyOff(),
});
type Settings = z.output<typeof schema>;

/** Euler's method on a rectified flow: Esser et al. 2024, section 2; diffusers' FlowMatchEulerDiscreteScheduler. */
class FlowMatchEulerDiscrete implements Sampler {
  readonly name = 'flow_match_euler';
  readonly config: SchedulerConfig;
  readonly numInferenceSteps: number;
  readonly timesteps: readonly number[];
  readonly initNoiseSigma = 1;
  /** T + 1 shares of noise, float32, the last one 0. */
  readonly #sigmas: Float32Array;
  readonly #cursor: StepCursor;

  constructor(settings: Settings, numInferenceSteps: number, config: SchedulerConfig) {
    this.config = config;
    this.numInferenceSteps = numInferenceSteps;
    this.#sigmas = sigmasOf(settings, numInferenceSteps);
    this.timesteps = Array.from(this.#sigmas.subarray(0, -1), (sigma) =>
      f(sigma * settings.num_train_timesteps),
    );
    this.#cursor = new StepCursor(this.name, numInferenceSteps);
  }

  scaleModelInput(sample: Float32Array): Float32Array {
    return sample;
  }

  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array): Float32Array {
    this.#cursor.take(stepIndex, modelOutput, sample);
    const sigma = this.#sigmas[stepIndex] as number;
    const delta = f((this.#sigmas[stepIndex + 1] as number) - sigma);
    const next = new Float32Array(sample.length);
    for (let i = 0; i < next.length; i += 1) {
      next[i] = (sample[i] as number) + f(delta * (modelOutput[i] as number));
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

/** diffusers shifts twice: the ends of the range when it is built, and the steps between them when they are set. */
function sigmasOf({ num_train_timesteps: trained, shift }: Settings, count: number): Float32Array {
  const end = (timestep: number): number => {
    const sigma = f(timestep / trained);
    return f(f(f(shift) * sigma) / f(1 + f(f(shift - 1) * sigma)));
  };
  const sigmas = linspace(end(trained) * trained, end(1) * trained, count).map((timestep) => {
    const sigma = timestep / trained;
    return (shift * sigma) / (1 + (shift - 1) * sigma);
  });
  return Float32Array.from([...sigmas, 0]);
}

export const flowMatchEulerDiscrete: SamplerDefinition = Object.freeze({
  name: 'flow_match_euler',
  className: CLASS,
  flowMatching: true,
  create: (config: SchedulerConfig, numInferenceSteps: number) =>
    new FlowMatchEulerDiscrete(readSettings(schema, config, CLASS), numInferenceSteps, config),
});
