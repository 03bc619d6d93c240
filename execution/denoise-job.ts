import type { Guidance } from '../common/guidance/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { Sampler } from '../samplers/index.js';

/** What every noise prediction of a job reads besides the latents, wherever it is made. */
export interface PredictorInputs {
  /** By graph-input name. With guidance the batch is [unconditional; conditional]. */
  readonly conditioning: Readonly<Record<string, Tensor>>;
  /** What the predictor's timestep input is fed, call by call. */
  readonly timesteps: readonly number[];
  /** Applied to the prediction of both halves; undefined: the batch has no second half. */
  readonly guidance: Guidance | undefined;
}

/** One denoising: made once, from a client's request or from a pipeline's call, and handed on whole. */
export interface DenoiseJob extends PredictorInputs {
  /** Takes the steps. */
  readonly sampler: Sampler;
  /** Latents of the first step, already multiplied by the sampler's initNoiseSigma; float32 [batch, channels, ...]. */
  readonly latents: Tensor;
}
