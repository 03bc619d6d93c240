// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * The worker begins to get what it has not got. A coordinator that has dialled it now calls SupplyArtifacts; otherwise the worker calls
 * FetchArtifacts.
 */
export interface NeedArtifacts {
  'deploymentId'?: (string);
  /**
   * To be sent, by the coordinator or by other workers.
   */
  'sizeBytes'?: (number | string | Long);
}

/**
 * The worker begins to get what it has not got. A coordinator that has dialled it now calls SupplyArtifacts; otherwise the worker calls
 * FetchArtifacts.
 */
export interface NeedArtifacts__Output {
  'deploymentId': (string);
  /**
   * To be sent, by the coordinator or by other workers.
   */
  'sizeBytes': (number);
}
