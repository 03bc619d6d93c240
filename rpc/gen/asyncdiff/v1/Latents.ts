// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * Latents that come from the coordinator: where component N is on several workers. Scaled for the model input, not repeated. Also inputs of an
 * item of a single-pass model (`asyncdiff:item:<input>`, their version the item), and the states that its first item reads.
 */
export interface Latents {
  'jobId'?: (string);
  'attempt'?: (number);
  /**
   * The step whose latents were known when they were made; of a state, the round that made it.
   */
  'version'?: (number);
  'tensor'?: (_asyncdiff_v1_Tensor | null);
  'name'?: (string);
}

/**
 * Latents that come from the coordinator: where component N is on several workers. Scaled for the model input, not repeated. Also inputs of an
 * item of a single-pass model (`asyncdiff:item:<input>`, their version the item), and the states that its first item reads.
 */
export interface Latents__Output {
  'jobId': (string);
  'attempt': (number);
  /**
   * The step whose latents were known when they were made; of a state, the round that made it.
   */
  'version': (number);
  'tensor': (_asyncdiff_v1_Tensor__Output | null);
  'name': (string);
}
