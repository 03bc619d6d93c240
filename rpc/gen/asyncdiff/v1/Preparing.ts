// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

/**
 * The job waits for its plan, or for workers that get their parts of it.
 */
export interface Preparing {
  /**
   * In order: `join` (no worker is there, one may be about to come back), `fold` (shapes), `cut` (the search for parts), `hash` (weights that
   * were not hashed yet), `send` (to workers), `open` (sessions), `measure` (the time of each). A stage with nothing to do is left out.
   */
  'stage'?: (string);
  /**
   * 0 to 1 of the stage.
   */
  'fraction'?: (number | string);
  /**
   * Of `hash` and `send`, where they are counted in bytes: done, and in all.
   */
  'doneBytes'?: (number | string | Long);
  'totalBytes'?: (number | string | Long);
  /**
   * Of the last seconds; 0 where it is not known yet.
   */
  'bytesPerSecond'?: (number | string);
  /**
   * At this rate; unset where it is not known yet.
   */
  'secondsLeft'?: (number | string);
  '_secondsLeft'?: "secondsLeft";
}

/**
 * The job waits for its plan, or for workers that get their parts of it.
 */
export interface Preparing__Output {
  /**
   * In order: `join` (no worker is there, one may be about to come back), `fold` (shapes), `cut` (the search for parts), `hash` (weights that
   * were not hashed yet), `send` (to workers), `open` (sessions), `measure` (the time of each). A stage with nothing to do is left out.
   */
  'stage': (string);
  /**
   * 0 to 1 of the stage.
   */
  'fraction': (number);
  /**
   * Of `hash` and `send`, where they are counted in bytes: done, and in all.
   */
  'doneBytes': (number);
  'totalBytes': (number);
  /**
   * Of the last seconds; 0 where it is not known yet.
   */
  'bytesPerSecond': (number);
  /**
   * At this rate; unset where it is not known yet.
   */
  'secondsLeft'?: (number);
  '_secondsLeft'?: "secondsLeft";
}
