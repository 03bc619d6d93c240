// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Classifier-free guidance: u + scale (c - u), of an unconditional and a conditional prediction.
 */
export interface Guidance {
  'scale'?: (number | string);
  /**
   * Scale of the last entry along axis 1 (frames of a video); those between lie evenly.
   */
  'lastScale'?: (number | string);
  /**
   * Share of the result that gets the conditional prediction's standard deviation.
   */
  'rescale'?: (number | string);
  /**
   * Each vector along the last axis gets the conditional one's length.
   */
  'keepsNorm'?: (boolean);
  '_lastScale'?: "lastScale";
}

/**
 * Classifier-free guidance: u + scale (c - u), of an unconditional and a conditional prediction.
 */
export interface Guidance__Output {
  'scale': (number);
  /**
   * Scale of the last entry along axis 1 (frames of a video); those between lie evenly.
   */
  'lastScale'?: (number);
  /**
   * Share of the result that gets the conditional prediction's standard deviation.
   */
  'rescale': (number);
  /**
   * Each vector along the last axis gets the conditional one's length.
   */
  'keepsNorm': (boolean);
  '_lastScale'?: "lastScale";
}
