// Original file: proto/asyncdiff/v1/worker.proto


export interface PartRan {
  'partId'?: (string);
  'run'?: (number);
}

export interface PartRan__Output {
  'partId': (string);
  'run': (number);
}
