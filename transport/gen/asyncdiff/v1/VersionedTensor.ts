// Original file: proto/asyncdiff/v1/worker.proto


export interface VersionedTensor {
  'name'?: (string);
  'version'?: (number);
}

export interface VersionedTensor__Output {
  'name': (string);
  'version': (number);
}
