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
  /**
   * Version of what it makes, and of the values of its own component that it reads: the round, or with look-ahead the step it is made for.
   */
  'version'?: (number);
  /**
   * The latents that it reads, if its segment reads any; their version is the step whose latents were known when they were made.
   */
  'latentsName'?: (string);
  'latentsVersion'?: (number);
  /**
   * As read_versions, where tensors are read between two versions: this share of read_versions, the rest of these. Empty: nothing is.
   */
  'blendVersions'?: (number)[];
  'blendShare'?: (number | string);
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
  /**
   * Version of what it makes, and of the values of its own component that it reads: the round, or with look-ahead the step it is made for.
   */
  'version': (number);
  /**
   * The latents that it reads, if its segment reads any; their version is the step whose latents were known when they were made.
   */
  'latentsName': (string);
  'latentsVersion': (number);
  /**
   * As read_versions, where tensors are read between two versions: this share of read_versions, the rest of these. Empty: nothing is.
   */
  'blendVersions': (number)[];
  'blendShare': (number);
}
