// Original file: proto/asyncdiff/v1/worker.proto


export interface ProbedLink {
  'producerId'?: (string);
  'roundTripMs'?: (number | string);
  'bytesPerSecond'?: (number | string);
}

export interface ProbedLink__Output {
  'producerId': (string);
  'roundTripMs': (number);
  'bytesPerSecond': (number);
}
