// Original file: proto/asyncdiff/v1/worker.proto


export interface Leaving {
  'reason'?: (string);
}

export interface Leaving__Output {
  'reason': (string);
}
