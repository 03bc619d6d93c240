// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface ArtifactChunk {
  'sha256'?: (string);
  'offsetBytes'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'last'?: (boolean);
  /**
   * Deployment that asked for it.
   */
  'deploymentId'?: (string);
}

export interface ArtifactChunk__Output {
  'sha256': (string);
  'offsetBytes': (number);
  'data': (Buffer);
  'last': (boolean);
  /**
   * Deployment that asked for it.
   */
  'deploymentId': (string);
}
