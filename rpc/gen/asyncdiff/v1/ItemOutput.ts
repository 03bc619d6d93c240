// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * An output of a single-pass model, of one item; states too in a round that was issued with `checkpoint`.
 */
export interface ItemOutput {
  'jobId'?: (string);
  'attempt'?: (number);
  'item'?: (number);
  'name'?: (string);
  'tensor'?: (_asyncdiff_v1_Tensor | null);
}

/**
 * An output of a single-pass model, of one item; states too in a round that was issued with `checkpoint`.
 */
export interface ItemOutput__Output {
  'jobId': (string);
  'attempt': (number);
  'item': (number);
  'name': (string);
  'tensor': (_asyncdiff_v1_Tensor__Output | null);
}
