// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * An input that is latents, and the output that predicts it.
 */
export interface JointPair {
  'input'?: (string);
  'output'?: (string);
}

/**
 * An input that is latents, and the output that predicts it.
 */
export interface JointPair__Output {
  'input': (string);
  'output': (string);
}
