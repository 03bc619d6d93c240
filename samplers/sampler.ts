import type { SchedulerConfig } from './scheduler-config.js';

/** One run of a sampler: T steps from noise to latents. All arrays are flat; a sampler works element by element. */
export interface Sampler {
  /** As `--scheduler` takes it: `ddim`, `euler`, `dpmpp_2m` or `flow_match_euler`. */
  readonly name: string;
  /** What it was made from: `createSampler(config, numInferenceSteps, name)` makes the same sampler elsewhere. */
  readonly config: SchedulerConfig;
  /** T, the number of steps. */
  readonly numInferenceSteps: number;
  /** The timestep of each step, as fed to the model; length T. Euler and flow matching have fractions. */
  readonly timesteps: readonly number[];
  /** What unit Gaussian noise is multiplied by to become the latents of step 0. */
  readonly initNoiseSigma: number;
  /** The latents as the model takes them at step `stepIndex`: a new array, or the same one where nothing is scaled. */
  scaleModelInput(sample: Float32Array, stepIndex: number): Float32Array;
  /**
   * The latents of step `stepIndex + 1`, a new array, from the (guided) model output and the latents of step `stepIndex`.
   * Steps are taken in order, 0 to T-1; anything else throws `internal`.
   */
  step(modelOutput: Float32Array, stepIndex: number, sample: Float32Array): Float32Array;
  /** What the next step needs of those taken, besides the latents; empty for most samplers. */
  history(): readonly Float32Array[];
  /** Step `stepIndex` is next, after steps that left `history` behind. `resume(0, [])` begins anew. */
  resume(stepIndex: number, history: readonly Float32Array[]): void;
}

/** What a sampler's file exports, and what the registry lists. */
export interface SamplerDefinition {
  readonly name: string;
  /** The diffusers class it reproduces, as `_class_name` in scheduler_config.json. */
  readonly className: string;
  /** Flow matching predicts a velocity between data and noise; its configs and the others' cannot be exchanged. */
  readonly flowMatching: boolean;
  /** Throws `invalid_settings` or `scheduler_unsupported`, naming the key. */
  create(config: SchedulerConfig, numInferenceSteps: number): Sampler;
}
