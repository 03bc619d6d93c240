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
   * Of the job.
   */
  'attempt'?: (number);
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
   * Of the job.
   */
  'attempt': (number);
}
