// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * From what latents are predicted.
 */
export interface Foresight {
  /**
   * Calls of the model, and what the predictor takes from its answer to each.
   */
  'calls'?: (number)[];
  'values'?: (_asyncdiff_v1_Tensor)[];
  /**
   * By step: how far its latents were from their prediction, root mean square over that of the latents; negative: none was made.
   */
  'drifts'?: (number | string)[];
}

/**
 * From what latents are predicted.
 */
export interface Foresight__Output {
  /**
   * Calls of the model, and what the predictor takes from its answer to each.
   */
  'calls': (number)[];
  'values': (_asyncdiff_v1_Tensor__Output)[];
  /**
   * By step: how far its latents were from their prediction, root mean square over that of the latents; negative: none was made.
   */
  'drifts': (number)[];
}
