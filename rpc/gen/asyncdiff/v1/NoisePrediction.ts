// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * The noise prediction of a step, after guidance.
 */
export interface NoisePrediction {
  'jobId'?: (string);
  'attempt'?: (number);
  'step'?: (number);
  'tensor'?: (_asyncdiff_v1_Tensor | null);
}

/**
 * The noise prediction of a step, after guidance.
 */
export interface NoisePrediction__Output {
  'jobId': (string);
  'attempt': (number);
  'step': (number);
  'tensor': (_asyncdiff_v1_Tensor__Output | null);
}
