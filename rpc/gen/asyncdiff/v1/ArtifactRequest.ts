// Original file: proto/asyncdiff/v1/worker.proto

import type { ArtifactClaim as _asyncdiff_v1_ArtifactClaim, ArtifactClaim__Output as _asyncdiff_v1_ArtifactClaim__Output } from '../../asyncdiff/v1/ArtifactClaim.js';
import type { ArtifactRange as _asyncdiff_v1_ArtifactRange, ArtifactRange__Output as _asyncdiff_v1_ArtifactRange__Output } from '../../asyncdiff/v1/ArtifactRange.js';

/**
 * Artifacts travel on streams of their own, each over a connection of its own, so that no ping waits behind them. Whoever lacks them asks for
 * ranges, and has few enough outstanding that a connection that breaks costs little: what has arrived is kept.
 */
export interface ArtifactRequest {
  /**
   * In the first request.
   */
  'claim'?: (_asyncdiff_v1_ArtifactClaim | null);
  /**
   * Those of one artifact in order, from where it is to go on.
   */
  'ranges'?: (_asyncdiff_v1_ArtifactRange)[];
}

/**
 * Artifacts travel on streams of their own, each over a connection of its own, so that no ping waits behind them. Whoever lacks them asks for
 * ranges, and has few enough outstanding that a connection that breaks costs little: what has arrived is kept.
 */
export interface ArtifactRequest__Output {
  /**
   * In the first request.
   */
  'claim': (_asyncdiff_v1_ArtifactClaim__Output | null);
  /**
   * Those of one artifact in order, from where it is to go on.
   */
  'ranges': (_asyncdiff_v1_ArtifactRange__Output)[];
}
