// Original file: proto/asyncdiff/v1/worker.proto


export interface NeedArtifacts {
  'deploymentId'?: (string);
  'sha256'?: (string)[];
}

export interface NeedArtifacts__Output {
  'deploymentId': (string);
  'sha256': (string)[];
}
