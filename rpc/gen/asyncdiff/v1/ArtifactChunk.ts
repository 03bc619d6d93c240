// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * One range. One without a name says that the supplier still waits for what was asked for.
 */
export interface ArtifactChunk {
  'sha256'?: (string);
  'offsetBytes'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
}

/**
 * One range. One without a name says that the supplier still waits for what was asked for.
 */
export interface ArtifactChunk__Output {
  'sha256': (string);
  'offsetBytes': (number);
  'data': (Buffer);
}
