// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * Of the latents that the sampler has made, as they would be decoded now: never of predicted ones.
 */
export interface Preview {
  /**
   * Steps finished when they were made.
   */
  'step'?: (number);
  /**
   * PNG.
   */
  'image'?: (Buffer | Uint8Array | string);
}

/**
 * Of the latents that the sampler has made, as they would be decoded now: never of predicted ones.
 */
export interface Preview__Output {
  /**
   * Steps finished when they were made.
   */
  'step': (number);
  /**
   * PNG.
   */
  'image': (Buffer);
}
