// Original file: proto/asyncdiff/v1/worker.proto


export interface EndJob {
  'jobId'?: (string);
  'attempt'?: (number);
  /**
   * It was cancelled, or begins anew: answer at once, without waiting for the run in progress.
   */
  'discard'?: (boolean);
}

export interface EndJob__Output {
  'jobId': (string);
  'attempt': (number);
  /**
   * It was cancelled, or begins anew: answer at once, without waiting for the run in progress.
   */
  'discard': (boolean);
}
