// Original file: proto/asyncdiff/v1/worker.proto


export interface NeedArtifacts {
  'planId'?: (string);
  'sha256'?: (string)[];
}

export interface NeedArtifacts__Output {
  'planId': (string);
  'sha256': (string)[];
}
