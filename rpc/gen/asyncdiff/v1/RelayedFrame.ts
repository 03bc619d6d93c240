// Original file: proto/asyncdiff/v1/worker.proto

import type { TensorFrame as _asyncdiff_v1_TensorFrame, TensorFrame__Output as _asyncdiff_v1_TensorFrame__Output } from '../../asyncdiff/v1/TensorFrame.js';

export interface RelayedFrame {
  'toWorkerIds'?: (string)[];
  'frame'?: (_asyncdiff_v1_TensorFrame | null);
}

export interface RelayedFrame__Output {
  'toWorkerIds': (string)[];
  'frame': (_asyncdiff_v1_TensorFrame__Output | null);
}
