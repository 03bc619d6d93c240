// Original file: proto/asyncdiff/v1/worker.proto


export interface Peer {
  'workerId'?: (string);
  'address'?: (string);
}

export interface Peer__Output {
  'workerId': (string);
  'address': (string);
}
