// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * Where a sampler stands; the receiver goes on with it.
 */
export interface SamplerStart {
  /**
   * Text of a scheduler_config.json.
   */
  'schedulerConfig'?: (string);
  /**
   * ddim, euler, ...
   */
  'name'?: (string);
  'numInferenceSteps'?: (number);
  /**
   * The step that comes next, and its latents, not scaled for the model.
   */
  'firstStep'?: (number);
  'latents'?: (_asyncdiff_v1_Tensor | null);
  /**
   * What the sampler keeps of earlier steps.
   */
  'history'?: (_asyncdiff_v1_Tensor)[];
}

/**
 * Where a sampler stands; the receiver goes on with it.
 */
export interface SamplerStart__Output {
  /**
   * Text of a scheduler_config.json.
   */
  'schedulerConfig': (string);
  /**
   * ddim, euler, ...
   */
  'name': (string);
  'numInferenceSteps': (number);
  /**
   * The step that comes next, and its latents, not scaled for the model.
   */
  'firstStep': (number);
  'latents': (_asyncdiff_v1_Tensor__Output | null);
  /**
   * What the sampler keeps of earlier steps.
   */
  'history': (_asyncdiff_v1_Tensor__Output)[];
}
