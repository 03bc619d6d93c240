// Original file: proto/asyncdiff/v1/worker.proto


export interface WorkerFault {
  'code'?: (string);
  'message'?: (string);
  'hint'?: (string);
  'jobId'?: (string);
  'planId'?: (string);
}

export interface WorkerFault__Output {
  'code': (string);
  'message': (string);
  'hint': (string);
  'jobId': (string);
  'planId': (string);
}
