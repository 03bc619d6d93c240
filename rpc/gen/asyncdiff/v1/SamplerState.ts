// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';
import type { Foresight as _asyncdiff_v1_Foresight, Foresight__Output as _asyncdiff_v1_Foresight__Output } from '../../asyncdiff/v1/Foresight.js';

/**
 * Where a sampler stands.
 */
export interface SamplerState {
  /**
   * The step that comes next, and its latents, not scaled for the model.
   */
  'nextStep'?: (number);
  'latents'?: (_asyncdiff_v1_Tensor | null);
  /**
   * What the sampler keeps of earlier steps.
   */
  'history'?: (_asyncdiff_v1_Tensor)[];
  /**
   * With look-ahead: what its predictions are made from.
   */
  'foresight'?: (_asyncdiff_v1_Foresight | null);
}

/**
 * Where a sampler stands.
 */
export interface SamplerState__Output {
  /**
   * The step that comes next, and its latents, not scaled for the model.
   */
  'nextStep': (number);
  'latents': (_asyncdiff_v1_Tensor__Output | null);
  /**
   * What the sampler keeps of earlier steps.
   */
  'history': (_asyncdiff_v1_Tensor__Output)[];
  /**
   * With look-ahead: what its predictions are made from.
   */
  'foresight': (_asyncdiff_v1_Foresight__Output | null);
}
