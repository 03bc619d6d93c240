// Original file: proto/asyncdiff/v1/worker.proto


export interface Undeploy {
  'planId'?: (string);
}

export interface Undeploy__Output {
  'planId': (string);
}
