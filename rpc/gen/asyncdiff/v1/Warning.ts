// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Warning {
  'message'?: (string);
}

export interface Warning__Output {
  'message': (string);
}
