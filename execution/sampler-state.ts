import type { Tensor } from '../common/tensor/index.js';
import type { Foresight, LookAheadOptions } from './latents-predictor.js';
import type { KeptRegion, NoiseSeed } from '../samplers/index.js';

/** Where a sampler stands: with the config, all that another one needs to go on. */
export interface SamplerState {
  /** The call of the model that comes next; the number of calls after the last one. */
  readonly nextStep: number;
  /** Latents of `nextStep`, float32, not scaled for the model. */
  readonly latents: Tensor;
  /** What the sampler keeps of earlier steps. */
  readonly history: readonly Float32Array[];
  /** With look-ahead: what predictions are made from. */
  readonly foresight?: Foresight | undefined;
}

/** A sampler to go on with, in another process. */
export interface SamplerStart extends SamplerState {
  /** The config it was made from, as the text of a scheduler_config.json. */
  readonly schedulerConfig: string;
  /** As `--scheduler` takes it. */
  readonly name: string;
  readonly numInferenceSteps: number;
  /** Left out: latents are not predicted. */
  readonly lookAhead?: LookAheadOptions | undefined;
  /** {@link Sampler.options}, as the text of a JSON object. */
  readonly options: string;
  /** Where fresh noise comes from, for samplers that draw any. */
  readonly noise: NoiseSeed | undefined;
  /** As {@link Sampler.kept}. */
  readonly kept?: KeptRegion | undefined;
}
