// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface ProbeRequest {
  'sizeBytes'?: (number | string | Long);
  /**
   * The `peer_secret` of the Welcome that both workers had: a worker answers no others.
   */
  'secret'?: (Buffer | Uint8Array | string);
}

export interface ProbeRequest__Output {
  'sizeBytes': (number);
  /**
   * The `peer_secret` of the Welcome that both workers had: a worker answers no others.
   */
  'secret': (Buffer);
}
