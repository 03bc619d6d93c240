// Original file: proto/asyncdiff/v1/worker.proto


/**
 * One run of one segment in the round that it is issued with.
 */
export interface Task {
  'segment'?: (string);
  'run'?: (number);
  'sampleStep'?: (number);
  'timestepStep'?: (number);
  /**
   * Versions of the segment's boundary_reads, in their order.
   */
  'readVersions'?: (number)[];
  /**
   * Whether its boundary_writes become the round's version.
   */
  'writes'?: (boolean);
  /**
   * Step + 1 whose noise prediction it produces; 0 for none.
   */
  'epsStepPlusOne'?: (number);
}

/**
 * One run of one segment in the round that it is issued with.
 */
export interface Task__Output {
  'segment': (string);
  'run': (number);
  'sampleStep': (number);
  'timestepStep': (number);
  /**
   * Versions of the segment's boundary_reads, in their order.
   */
  'readVersions': (number)[];
  /**
   * Whether its boundary_writes become the round's version.
   */
  'writes': (boolean);
  /**
   * Step + 1 whose noise prediction it produces; 0 for none.
   */
  'epsStepPlusOne': (number);
}
