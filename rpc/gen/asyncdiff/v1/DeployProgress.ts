// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A deployment comes along: sent at most every 100 ms while artifacts arrive or are checked, and for every session that was opened.
 */
export interface DeployProgress {
  'deploymentId'?: (string);
  /**
   * Of what NeedArtifacts said.
   */
  'receivedBytes'?: (number | string | Long);
  'sessionsOpen'?: (number);
  /**
   * Of the artifacts that are here already and are read once more to be held against their SHA-256: done, and in all.
   */
  'checkedBytes'?: (number | string | Long);
  'toCheckBytes'?: (number | string | Long);
}

/**
 * A deployment comes along: sent at most every 100 ms while artifacts arrive or are checked, and for every session that was opened.
 */
export interface DeployProgress__Output {
  'deploymentId': (string);
  /**
   * Of what NeedArtifacts said.
   */
  'receivedBytes': (number);
  'sessionsOpen': (number);
  /**
   * Of the artifacts that are here already and are read once more to be held against their SHA-256: done, and in all.
   */
  'checkedBytes': (number);
  'toCheckBytes': (number);
}
