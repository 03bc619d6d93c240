// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface Ping {
  'id'?: (number | string | Long);
  'sentMs'?: (number | string);
}

export interface Ping__Output {
  'id': (number);
  'sentMs': (number);
}
