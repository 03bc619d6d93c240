// Original file: proto/asyncdiff/v1/coordinator.proto

import type { NumberList as _asyncdiff_v1_NumberList, NumberList__Output as _asyncdiff_v1_NumberList__Output } from '../../asyncdiff/v1/NumberList.js';
import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

/**
 * The value of one argument.
 */
export interface PipelineArgument {
  'number'?: (number | string);
  'flag'?: (boolean);
  'text'?: (string);
  'numbers'?: (_asyncdiff_v1_NumberList | null);
  /**
   * A picture: PNG, JPEG or WebP.
   */
  'file'?: (Buffer | Uint8Array | string);
  'tensor'?: (_asyncdiff_v1_Tensor | null);
  'value'?: "number"|"flag"|"text"|"numbers"|"file"|"tensor";
}

/**
 * The value of one argument.
 */
export interface PipelineArgument__Output {
  'number'?: (number);
  'flag'?: (boolean);
  'text'?: (string);
  'numbers'?: (_asyncdiff_v1_NumberList__Output | null);
  /**
   * A picture: PNG, JPEG or WebP.
   */
  'file'?: (Buffer);
  'tensor'?: (_asyncdiff_v1_Tensor__Output | null);
  'value'?: "number"|"flag"|"text"|"numbers"|"file"|"tensor";
}
