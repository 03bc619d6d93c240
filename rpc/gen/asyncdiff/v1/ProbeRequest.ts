// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface ProbeRequest {
  'sizeBytes'?: (number | string | Long);
}

export interface ProbeRequest__Output {
  'sizeBytes': (number);
}
