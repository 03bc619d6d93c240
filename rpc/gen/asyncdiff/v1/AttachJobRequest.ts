// Original file: proto/asyncdiff/v1/coordinator.proto


export interface AttachJobRequest {
  'jobId'?: (string);
}

export interface AttachJobRequest__Output {
  'jobId': (string);
}
