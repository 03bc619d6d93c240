// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Tensors that a worker will not read.
 */
export interface Unread {
  'workerId'?: (string);
  'names'?: (string)[];
  /**
   * As names.
   */
  'versions'?: (number)[];
}

/**
 * Tensors that a worker will not read.
 */
export interface Unread__Output {
  'workerId': (string);
  'names': (string)[];
  /**
   * As names.
   */
  'versions': (number)[];
}
