// Original file: proto/asyncdiff/v1/worker.proto

import type { CarriedState as _asyncdiff_v1_CarriedState, CarriedState__Output as _asyncdiff_v1_CarriedState__Output } from '../../asyncdiff/v1/CarriedState.js';

/**
 * What a segment of a single-pass model reads and makes item by item.
 */
export interface ItemValues {
  /**
   * Graph inputs that change from item to item, of those that it reads.
   */
  'inputs'?: (string)[];
  /**
   * Outputs of the model that it makes.
   */
  'outputs'?: (string)[];
  /**
   * States of the item before that it reads.
   */
  'states'?: (_asyncdiff_v1_CarriedState)[];
  /**
   * Values that it makes which are states of the item after.
   */
  'carries'?: (string)[];
}

/**
 * What a segment of a single-pass model reads and makes item by item.
 */
export interface ItemValues__Output {
  /**
   * Graph inputs that change from item to item, of those that it reads.
   */
  'inputs': (string)[];
  /**
   * Outputs of the model that it makes.
   */
  'outputs': (string)[];
  /**
   * States of the item before that it reads.
   */
  'states': (_asyncdiff_v1_CarriedState__Output)[];
  /**
   * Values that it makes which are states of the item after.
   */
  'carries': (string)[];
}
