// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Boundary tensors of one round that a worker will not read.
 */
export interface Unread {
  'workerId'?: (string);
  'names'?: (string)[];
}

/**
 * Boundary tensors of one round that a worker will not read.
 */
export interface Unread__Output {
  'workerId': (string);
  'names': (string)[];
}
