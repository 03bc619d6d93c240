// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * Inputs by graph-input name; the same names in every item.
 */
export interface RunItem {
  'inputs'?: ({[key: string]: _asyncdiff_v1_Tensor});
}

/**
 * Inputs by graph-input name; the same names in every item.
 */
export interface RunItem__Output {
  'inputs': ({[key: string]: _asyncdiff_v1_Tensor__Output});
}
