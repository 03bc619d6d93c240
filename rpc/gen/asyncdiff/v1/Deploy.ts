// Original file: proto/asyncdiff/v1/worker.proto

import type { SegmentSpec as _asyncdiff_v1_SegmentSpec, SegmentSpec__Output as _asyncdiff_v1_SegmentSpec__Output } from '../../asyncdiff/v1/SegmentSpec.js';
import type { Route as _asyncdiff_v1_Route, Route__Output as _asyncdiff_v1_Route__Output } from '../../asyncdiff/v1/Route.js';
import type { Peer as _asyncdiff_v1_Peer, Peer__Output as _asyncdiff_v1_Peer__Output } from '../../asyncdiff/v1/Peer.js';
import type { Artifact as _asyncdiff_v1_Artifact, Artifact__Output as _asyncdiff_v1_Artifact__Output } from '../../asyncdiff/v1/Artifact.js';
import type { Long } from '@grpc/proto-loader';

/**
 * The worker's part of a plan.
 */
export interface Deploy {
  /**
   * Of this deployment alone: another one of the same plan has another. Whatever names one that is no longer there does nothing.
   */
  'deploymentId'?: (string);
  'segments'?: (_asyncdiff_v1_SegmentSpec)[];
  'routes'?: (_asyncdiff_v1_Route)[];
  /**
   * Workers that this one receives tensors from: it dials them.
   */
  'producers'?: (_asyncdiff_v1_Peer)[];
  /**
   * ONNX Runtime's graphOptimizationLevel: basic, extended or all.
   */
  'optimizationLevel'?: (string);
  /**
   * What the dues of the routes are counted in: the length of an asynchronous and of a synchronous round.
   */
  'roundMs'?: (number | string);
  'stepMs'?: (number | string);
  /**
   * The graphs of the segments and the tensors that they name. The worker asks for those that it has not got.
   */
  'artifacts'?: (_asyncdiff_v1_Artifact)[];
  /**
   * Counts a conversation's deployments and attempts together, from 1: one that is not above the last is late, or came twice, and does nothing.
   * The deployments before it are given up.
   */
  'generation'?: (number | string | Long);
  /**
   * Workers that `suppliers` of artifacts name.
   */
  'suppliers'?: (_asyncdiff_v1_Peer)[];
  /**
   * SHA-256 of further artifacts of the deployment, which this worker has from an earlier one and gives to other workers.
   */
  'gives'?: (string)[];
  /**
   * Bytes that may be on their way from this worker through the coordinator to each other one.
   */
  'relayWindowBytes'?: (number | string | Long);
  /**
   * Sessions are timed in turn, in windows of so many milliseconds; 0: a run each. The best of three windows counts.
   */
  'windowMs'?: (number);
  /**
   * 32 random bytes of this deployment: whoever subscribes to its tensors shows them.
   */
  'secret'?: (Buffer | Uint8Array | string);
  /**
   * The coordinator knows what these sessions take on this worker: they are not timed, and Deployed has no times.
   */
  'timesKnown'?: (boolean);
}

/**
 * The worker's part of a plan.
 */
export interface Deploy__Output {
  /**
   * Of this deployment alone: another one of the same plan has another. Whatever names one that is no longer there does nothing.
   */
  'deploymentId': (string);
  'segments': (_asyncdiff_v1_SegmentSpec__Output)[];
  'routes': (_asyncdiff_v1_Route__Output)[];
  /**
   * Workers that this one receives tensors from: it dials them.
   */
  'producers': (_asyncdiff_v1_Peer__Output)[];
  /**
   * ONNX Runtime's graphOptimizationLevel: basic, extended or all.
   */
  'optimizationLevel': (string);
  /**
   * What the dues of the routes are counted in: the length of an asynchronous and of a synchronous round.
   */
  'roundMs': (number);
  'stepMs': (number);
  /**
   * The graphs of the segments and the tensors that they name. The worker asks for those that it has not got.
   */
  'artifacts': (_asyncdiff_v1_Artifact__Output)[];
  /**
   * Counts a conversation's deployments and attempts together, from 1: one that is not above the last is late, or came twice, and does nothing.
   * The deployments before it are given up.
   */
  'generation': (number);
  /**
   * Workers that `suppliers` of artifacts name.
   */
  'suppliers': (_asyncdiff_v1_Peer__Output)[];
  /**
   * SHA-256 of further artifacts of the deployment, which this worker has from an earlier one and gives to other workers.
   */
  'gives': (string)[];
  /**
   * Bytes that may be on their way from this worker through the coordinator to each other one.
   */
  'relayWindowBytes': (number);
  /**
   * Sessions are timed in turn, in windows of so many milliseconds; 0: a run each. The best of three windows counts.
   */
  'windowMs': (number);
  /**
   * 32 random bytes of this deployment: whoever subscribes to its tensors shows them.
   */
  'secret': (Buffer);
  /**
   * The coordinator knows what these sessions take on this worker: they are not timed, and Deployed has no times.
   */
  'timesKnown': (boolean);
}
