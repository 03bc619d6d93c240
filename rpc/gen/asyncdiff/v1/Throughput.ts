// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * Items a second, planning and sending left out.
 */
export interface Throughput {
  /**
   * Measured, from the first item that was done to the last one; of one item, of all of its time.
   */
  'itemsPerSecond'?: (number | string);
  /**
   * From the segments' times as the workers measured them, the links, and the states that go back.
   */
  'predictedItemsPerSecond'?: (number | string);
  /**
   * Of one worker with the whole model, from the same times.
   */
  'oneWorkerItemsPerSecond'?: (number | string);
}

/**
 * Items a second, planning and sending left out.
 */
export interface Throughput__Output {
  /**
   * Measured, from the first item that was done to the last one; of one item, of all of its time.
   */
  'itemsPerSecond': (number);
  /**
   * From the segments' times as the workers measured them, the links, and the states that go back.
   */
  'predictedItemsPerSecond': (number);
  /**
   * Of one worker with the whole model, from the same times.
   */
  'oneWorkerItemsPerSecond': (number);
}
