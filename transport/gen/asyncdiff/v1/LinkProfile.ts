// Original file: proto/asyncdiff/v1/worker.proto


export interface LinkProfile {
  'producerId'?: (string);
  'roundTripMs'?: (number | string);
  'bytesPerSecond'?: (number | string);
}

export interface LinkProfile__Output {
  'producerId': (string);
  'roundTripMs': (number);
  'bytesPerSecond': (number);
}
