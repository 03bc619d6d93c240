// Original file: proto/asyncdiff/v1/worker.proto


export interface Peer {
  'workerId'?: (string);
  'address'?: (string);
  /**
   * It is on the receiver's host.
   */
  'sameHost'?: (boolean);
  /**
   * Its tensors come through the coordinator: it is not dialled.
   */
  'relay'?: (boolean);
}

export interface Peer__Output {
  'workerId': (string);
  'address': (string);
  /**
   * It is on the receiver's host.
   */
  'sameHost': (boolean);
  /**
   * Its tensors come through the coordinator: it is not dialled.
   */
  'relay': (boolean);
}
