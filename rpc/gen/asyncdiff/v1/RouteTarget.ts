// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Tensors for several workers leave one after another, the one first that is waited for soonest. Times say an order, no more.
 */
export interface RouteTarget {
  'workerId'?: (string);
  /**
   * When it is waited for: in an asynchronous round, from the beginning of the round after the one that makes it.
   */
  'asyncDueMs'?: (number | string);
  /**
   * In a synchronous round: before the end of that round, and so negative.
   */
  'syncDueMs'?: (number | string);
  /**
   * Send it through the coordinator: the two cannot reach each other, or were told not to.
   */
  'relay'?: (boolean);
}

/**
 * Tensors for several workers leave one after another, the one first that is waited for soonest. Times say an order, no more.
 */
export interface RouteTarget__Output {
  'workerId': (string);
  /**
   * When it is waited for: in an asynchronous round, from the beginning of the round after the one that makes it.
   */
  'asyncDueMs': (number);
  /**
   * In a synchronous round: before the end of that round, and so negative.
   */
  'syncDueMs': (number);
  /**
   * Send it through the coordinator: the two cannot reach each other, or were told not to.
   */
  'relay': (boolean);
}
