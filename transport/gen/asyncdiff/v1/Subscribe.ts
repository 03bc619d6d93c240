// Original file: proto/asyncdiff/v1/worker.proto


export interface Subscribe {
  /**
   * Worker that subscribes.
   */
  'workerId'?: (string);
  /**
   * Plan whose tensors it wants.
   */
  'planId'?: (string);
  /**
   * Worker that it believes it has dialled; the producer refuses if it is another one.
   */
  'producerId'?: (string);
}

export interface Subscribe__Output {
  /**
   * Worker that subscribes.
   */
  'workerId': (string);
  /**
   * Plan whose tensors it wants.
   */
  'planId': (string);
  /**
   * Worker that it believes it has dialled; the producer refuses if it is another one.
   */
  'producerId': (string);
}
