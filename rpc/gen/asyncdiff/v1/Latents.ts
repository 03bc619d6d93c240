// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * The latents of a round's first step, where they come from the coordinator: of the first round, and of every round where
 * component N is on several workers. Scaled for the model input, not repeated.
 */
export interface Latents {
  'jobId'?: (string);
  'attempt'?: (number);
  'step'?: (number);
  'tensor'?: (_asyncdiff_v1_Tensor | null);
}

/**
 * The latents of a round's first step, where they come from the coordinator: of the first round, and of every round where
 * component N is on several workers. Scaled for the model input, not repeated.
 */
export interface Latents__Output {
  'jobId': (string);
  'attempt': (number);
  'step': (number);
  'tensor': (_asyncdiff_v1_Tensor__Output | null);
}
