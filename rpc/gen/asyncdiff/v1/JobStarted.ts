// Original file: proto/asyncdiff/v1/worker.proto


export interface JobStarted {
  'jobId'?: (string);
  'attempt'?: (number);
}

export interface JobStarted__Output {
  'jobId': (string);
  'attempt': (number);
}
