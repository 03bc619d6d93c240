// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Latents that a round reads, known or predicted.
 */
export interface RoundLatents {
  'name'?: (string);
  /**
   * The step whose latents are known when they are made.
   */
  'version'?: (number);
  /**
   * The step that they are the latents of.
   */
  'step'?: (number);
}

/**
 * Latents that a round reads, known or predicted.
 */
export interface RoundLatents__Output {
  'name': (string);
  /**
   * The step whose latents are known when they are made.
   */
  'version': (number);
  /**
   * The step that they are the latents of.
   */
  'step': (number);
}
