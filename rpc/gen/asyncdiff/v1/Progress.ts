// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Progress {
  /**
   * Steps finished, of `steps`.
   */
  'step'?: (number);
  'steps'?: (number);
  'round'?: (number);
  /**
   * So far, planning and sending left out.
   */
  'stepsPerSecond'?: (number | string);
  /**
   * So far, against one worker that holds the whole predictor: that one's time is predicted. 0 where it is not known.
   */
  'speedup'?: (number | string);
  /**
   * Predicted.
   */
  'secondsLeft'?: (number | string);
  /**
   * Sum of the squared drifts of the steps that did not run in order, as far as they are known; not set where nothing is predicted. It may
   * fall once after a loss, whose first repeated step runs in order.
   */
  'driftSum'?: (number | string);
  '_driftSum'?: "driftSum";
}

export interface Progress__Output {
  /**
   * Steps finished, of `steps`.
   */
  'step': (number);
  'steps': (number);
  'round': (number);
  /**
   * So far, planning and sending left out.
   */
  'stepsPerSecond': (number);
  /**
   * So far, against one worker that holds the whole predictor: that one's time is predicted. 0 where it is not known.
   */
  'speedup': (number);
  /**
   * Predicted.
   */
  'secondsLeft': (number);
  /**
   * Sum of the squared drifts of the steps that did not run in order, as far as they are known; not set where nothing is predicted. It may
   * fall once after a loss, whose first repeated step runs in order.
   */
  'driftSum'?: (number);
  '_driftSum'?: "driftSum";
}
