// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * The job waits for its plan, or for workers that get their parts of it.
 */
export interface Preparing {
  /**
   * In order: `fold` (shapes), `cut` (the search for parts), `hash` (weights that were not hashed yet), `send` (to workers), `open` (sessions),
   * `measure` (the time of each). A stage with nothing to do is left out.
   */
  'stage'?: (string);
  /**
   * 0 to 1 of the stage.
   */
  'fraction'?: (number | string);
}

/**
 * The job waits for its plan, or for workers that get their parts of it.
 */
export interface Preparing__Output {
  /**
   * In order: `fold` (shapes), `cut` (the search for parts), `hash` (weights that were not hashed yet), `send` (to workers), `open` (sessions),
   * `measure` (the time of each). A stage with nothing to do is left out.
   */
  'stage': (string);
  /**
   * 0 to 1 of the stage.
   */
  'fraction': (number);
}
