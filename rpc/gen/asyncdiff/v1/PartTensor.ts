// Original file: proto/asyncdiff/v1/worker.proto

import type { TensorFrame as _asyncdiff_v1_TensorFrame, TensorFrame__Output as _asyncdiff_v1_TensorFrame__Output } from '../../asyncdiff/v1/TensorFrame.js';

/**
 * What goes into a run, before its RunPart, and what comes out, before its PartRan. In the frame `job_id` is the part's, `attempt` the run's.
 * Frames are short, so that no ping waits long behind them.
 */
export interface PartTensor {
  'frame'?: (_asyncdiff_v1_TensorFrame | null);
}

/**
 * What goes into a run, before its RunPart, and what comes out, before its PartRan. In the frame `job_id` is the part's, `attempt` the run's.
 * Frames are short, so that no ping waits long behind them.
 */
export interface PartTensor__Output {
  'frame': (_asyncdiff_v1_TensorFrame__Output | null);
}
