// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * What a single-pass model makes of an item, each once, in the order of the list where all items have one shape.
 */
export interface ItemOutputs {
  'item'?: (number);
  'outputs'?: ({[key: string]: _asyncdiff_v1_Tensor});
}

/**
 * What a single-pass model makes of an item, each once, in the order of the list where all items have one shape.
 */
export interface ItemOutputs__Output {
  'item': (number);
  'outputs': ({[key: string]: _asyncdiff_v1_Tensor__Output});
}
