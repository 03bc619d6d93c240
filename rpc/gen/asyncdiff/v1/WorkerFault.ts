// Original file: proto/asyncdiff/v1/worker.proto


export interface WorkerFault {
  'code'?: (string);
  'message'?: (string);
  'hint'?: (string);
  'jobId'?: (string);
  'deploymentId'?: (string);
  /**
   * Where it was thrown, for faults of the program itself.
   */
  'stack'?: (string);
  /**
   * Of the job; or the run, of the part.
   */
  'attempt'?: (number);
  'partId'?: (string);
}

export interface WorkerFault__Output {
  'code': (string);
  'message': (string);
  'hint': (string);
  'jobId': (string);
  'deploymentId': (string);
  /**
   * Where it was thrown, for faults of the program itself.
   */
  'stack': (string);
  /**
   * Of the job; or the run, of the part.
   */
  'attempt': (number);
  'partId': (string);
}
