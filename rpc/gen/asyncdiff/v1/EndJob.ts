// Original file: proto/asyncdiff/v1/worker.proto


export interface EndJob {
  'jobId'?: (string);
  'attempt'?: (number);
}

export interface EndJob__Output {
  'jobId': (string);
  'attempt': (number);
}
