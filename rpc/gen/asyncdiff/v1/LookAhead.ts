// Original file: proto/asyncdiff/v1/worker.proto


/**
 * How latents are predicted, and when the job is held.
 */
export interface LookAhead {
  /**
   * Weight of the slope in the extrapolation, 0 to 1.
   */
  'slope'?: (number | string);
  /**
   * Drift above which the slope is weighted by how well it kept so far; negative: never.
   */
  'gateAbove'?: (number | string);
  /**
   * Drift above which a step is made in order; negative: none.
   */
  'tolerance'?: (number | string);
  /**
   * Times that the job may still be held.
   */
  'holds'?: (number);
  /**
   * The tolerance in the early steps, the first half of a flow's and 0.6 of others'; negative: as later.
   */
  'earlyTolerance'?: (number | string);
}

/**
 * How latents are predicted, and when the job is held.
 */
export interface LookAhead__Output {
  /**
   * Weight of the slope in the extrapolation, 0 to 1.
   */
  'slope': (number);
  /**
   * Drift above which the slope is weighted by how well it kept so far; negative: never.
   */
  'gateAbove': (number);
  /**
   * Drift above which a step is made in order; negative: none.
   */
  'tolerance': (number);
  /**
   * Times that the job may still be held.
   */
  'holds': (number);
  /**
   * The tolerance in the early steps, the first half of a flow's and 0.6 of others'; negative: as later.
   */
  'earlyTolerance': (number);
}
