// Original file: proto/asyncdiff/v1/worker.proto


/**
 * The graph input `input` is fed with what the item before made as `value`.
 */
export interface CarriedState {
  'input'?: (string);
  'value'?: (string);
}

/**
 * The graph input `input` is fed with what the item before made as `value`.
 */
export interface CarriedState__Output {
  'input': (string);
  'value': (string);
}
