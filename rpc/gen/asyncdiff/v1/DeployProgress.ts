// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A deployment comes along: sent for every chunk that was written, and for every session that was opened.
 */
export interface DeployProgress {
  'deploymentId'?: (string);
  /**
   * Of all artifacts that were asked for.
   */
  'receivedBytes'?: (number | string | Long);
  'sessionsOpen'?: (number);
}

/**
 * A deployment comes along: sent for every chunk that was written, and for every session that was opened.
 */
export interface DeployProgress__Output {
  'deploymentId': (string);
  /**
   * Of all artifacts that were asked for.
   */
  'receivedBytes': (number);
  'sessionsOpen': (number);
}
