// Original file: proto/asyncdiff/v1/worker.proto


/**
 * It is released when the run in progress has ended.
 */
export interface ClosePart {
  'partId'?: (string);
}

/**
 * It is released when the run in progress has ended.
 */
export interface ClosePart__Output {
  'partId': (string);
}
