// Original file: proto/asyncdiff/v1/worker.proto

import type { TensorFrame as _asyncdiff_v1_TensorFrame, TensorFrame__Output as _asyncdiff_v1_TensorFrame__Output } from '../../asyncdiff/v1/TensorFrame.js';

/**
 * A frame of a tensor on its way through the coordinator; frames are short, so that no ping waits long behind them. A worker has at most
 * `relay_window_bytes` of its deployment on the way to each other one, counted until that one has taken them over.
 */
export interface RelayedFrame {
  /**
   * To the coordinator: who reads it.
   */
  'toWorkerIds'?: (string)[];
  /**
   * From the coordinator: who made it, or hands it on.
   */
  'fromWorkerId'?: (string);
  'frame'?: (_asyncdiff_v1_TensorFrame | null);
}

/**
 * A frame of a tensor on its way through the coordinator; frames are short, so that no ping waits long behind them. A worker has at most
 * `relay_window_bytes` of its deployment on the way to each other one, counted until that one has taken them over.
 */
export interface RelayedFrame__Output {
  /**
   * To the coordinator: who reads it.
   */
  'toWorkerIds': (string)[];
  /**
   * From the coordinator: who made it, or hands it on.
   */
  'fromWorkerId': (string);
  'frame': (_asyncdiff_v1_TensorFrame__Output | null);
}
