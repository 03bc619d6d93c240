// Original file: proto/asyncdiff/v1/worker.proto


export interface PartOpened {
  'partId'?: (string);
}

export interface PartOpened__Output {
  'partId': (string);
}
