// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface Pong {
  'id'?: (number | string | Long);
  'sentMs'?: (number | string);
  /**
   * The worker's monotonic clock when it answered.
   */
  'clockMs'?: (number | string);
}

export interface Pong__Output {
  'id': (number);
  'sentMs': (number);
  /**
   * The worker's monotonic clock when it answered.
   */
  'clockMs': (number);
}
