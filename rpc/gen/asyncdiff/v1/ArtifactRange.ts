// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface ArtifactRange {
  'sha256'?: (string);
  'offsetBytes'?: (number | string | Long);
  'sizeBytes'?: (number);
}

export interface ArtifactRange__Output {
  'sha256': (string);
  'offsetBytes': (number);
  'sizeBytes': (number);
}
