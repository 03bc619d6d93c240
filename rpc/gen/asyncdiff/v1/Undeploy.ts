// Original file: proto/asyncdiff/v1/worker.proto


export interface Undeploy {
  'deploymentId'?: (string);
}

export interface Undeploy__Output {
  'deploymentId': (string);
}
