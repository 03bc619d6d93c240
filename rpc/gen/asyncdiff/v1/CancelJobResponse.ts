// Original file: proto/asyncdiff/v1/coordinator.proto


export interface CancelJobResponse {
  'found'?: (boolean);
}

export interface CancelJobResponse__Output {
  'found': (boolean);
}
