import type { KeptRegion } from './kept-region.js';
import type { Level } from './level.js';
import type { NoiseSource } from './noise.js';
import type { SamplerOptions } from './sampler-options.js';
import type { SchedulerConfig } from './scheduler-config.js';

/**
 * One run of a sampler: from noise to latents in a number of *calls* of the model. Most samplers call it once a step; Heun, KDPM2,
 * DPM-Solver SDE and PNDM more often. Whoever schedules work counts calls. All arrays are flat float32.
 */
export interface Sampler {
  /** As `--scheduler` takes it: `ddim`, `euler`, ... */
  readonly name: string;
  /** What it was made from: `createSampler(config, numInferenceSteps, { name, options, noise })` makes it again elsewhere. */
  readonly config: SchedulerConfig;
  readonly options: SamplerOptions;
  /** The steps asked for; {@link numCalls} says how often the model is called. */
  readonly numInferenceSteps: number;
  readonly numCalls: number;
  /** The timestep of each call, as fed to the model; length numCalls. May be a fraction. */
  readonly timesteps: readonly number[];
  /** The noise levels as diffusers' class keeps them, where it does: in its own order and length. */
  readonly sigmas: readonly number[] | undefined;
  /** What unit Gaussian noise is multiplied by to become the latents of call 0. */
  readonly initNoiseSigma: number;
  /** Fresh noise; undefined where the sampler draws none. */
  readonly noise: NoiseSource | undefined;
  /** How its next latents are predicted before the model has answered. */
  readonly lookAhead: LookAhead;
  /** What is put back after every step, for a sampler made by keepRegion(). */
  readonly kept?: KeptRegion | undefined;

  /** The latents as the model takes them at `call`: a new array, or the same one where nothing is scaled. */
  scaleModelInput(sample: Float32Array, call: number): Float32Array;
  /**
   * The latents of call + 1, a new array, from the (guided) model output and the latents of `call`. Calls come in order, 0 to
   * numCalls - 1; anything else throws `internal`.
   * @param modelOutput of the sample's length; twice as long where a variance is predicted as well (second half of the channels)
   * @param dims of the sample; only the batch (first) matters, for thresholding and predicted variances. One image if left out.
   */
  step(modelOutput: Float32Array, call: number, sample: Float32Array, dims?: readonly number[]): Float32Array;
  /** As {@link step}, with what diffusers' step() gives besides. */
  stepOutputs(
    modelOutput: Float32Array,
    call: number,
    sample: Float32Array,
    dims?: readonly number[],
  ): StepOutputs;
  /** What the next call needs of those taken, besides the latents. Its meaning follows from the number of calls taken. */
  history(): readonly Float32Array[];
  /** Call `call` is next, after calls that left `history` behind. `resume(0, [])` begins anew. */
  resume(call: number, history: readonly Float32Array[]): void;
  /** Clean latents with noise at the level of `call`, as image-to-image begins: diffusers' add_noise() or scale_noise(). */
  addNoise(original: Float32Array, noise: Float32Array, call: number): Float32Array;
}

/** What a step gives; the second output has the name that it has in diffusers. */
export interface StepOutputs {
  readonly latents: Float32Array;
  readonly predOriginalSample?: Float32Array | undefined;
  /** LCM: what its pipelines decode. */
  readonly denoised?: Float32Array | undefined;
  /** TCD: the sample at the intermediate timestep. */
  readonly predNoisedSample?: Float32Array | undefined;
}

/**
 * How latents of later calls are predicted. The model's answer is turned into a `quantity` that changes slowly; of its last values at
 * distinct times one extrapolates (`slope`) or holds the newest, and {@link LookAheadRun.predictNext} takes a step with it.
 */
export interface LookAhead {
  /**
   * - `ode`: deterministic; a plain step on x_0 is exact for a constant x_0, whatever the sampler.
   * - `flow`: deterministic on a straight line; the velocity is carried forward.
   * - `stochastic`: the sampler's own step with a held x_0 and that step's noise, which is known ahead.
   * - `copy`: the sampler's own step with the extrapolated velocity (flow-match Heun).
   */
  readonly family: 'ode' | 'flow' | 'stochastic' | 'copy';
  readonly quantity: 'original' | 'velocity';
  /** Whether the quantity is extrapolated linearly over distinct times; a stochastic sampler's x_0 must not be. */
  readonly slope: boolean;
  /** False where prediction was found to gain little (PNDM; full re-noising): worth telling the user. */
  readonly worthwhile: boolean;
  /** The level of the latents of each call and of the end: numCalls + 1, x = alpha x_0 + sigma noise. */
  readonly levels: readonly Level[];
  /** x_0 from a model output and the latents of its call (before scaling). */
  toOriginal(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array;
  /** The noise in the latents: (x - alpha x_0) / sigma. */
  toNoise(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array;
  /** dx / dsigma on a straight line, noise - x_0, for `flow` and `copy`; else v = alpha noise - sigma x_0. */
  toVelocity(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array;
  /** The quantity named above. */
  toQuantity(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array;
  /**
   * The model output that says of the latents `to` what this one said of `from`, both of `call`: the same x_0. A velocity is handed on as it is.
   */
  restated(modelOutput: Float32Array, from: Float32Array, to: Float32Array, call: number): Float32Array;
  /** A run ahead from where the sampler stands; the sampler is not changed by it. */
  start(): LookAheadRun;
}

export interface LookAheadRun {
  /**
   * The latents of call + 1, predicted from those of `call` (real or predicted) and the quantity at `call`. Calls come in order, from the
   * sampler's next one on.
   */
  predictNext(
    sample: Float32Array,
    quantity: Float32Array,
    call: number,
    dims?: readonly number[],
  ): Float32Array;
}

/** What a sampler is like, for what is chosen by it before a job runs. */
interface SamplerTraits {
  /** The steps asked for. */
  readonly steps: number;
  /** Calls of the model; more than the steps where a step makes two. */
  readonly calls: number;
  /** How its latents are predicted; `copy` counts as a flow. */
  readonly family: 'ode' | 'flow' | 'stochastic';
  /** As {@link LookAhead.worthwhile}. */
  readonly worthwhile: boolean;
}

export function samplerTraits(sampler: Sampler): SamplerTraits {
  const { family, worthwhile } = sampler.lookAhead;
  return {
    steps: sampler.numInferenceSteps,
    calls: sampler.numCalls,
    family: family === 'copy' ? 'flow' : family,
    worthwhile,
  };
}

/** Whether a sampler follows a flow from noise to data: it carries a velocity forward. */
export function isFlow({ lookAhead: { family } }: Pick<Sampler, 'lookAhead'>): boolean {
  return family === 'flow' || family === 'copy';
}
