// Original file: proto/asyncdiff/v1/worker.proto

import type { WorkerMessage as _asyncdiff_v1_WorkerMessage, WorkerMessage__Output as _asyncdiff_v1_WorkerMessage__Output } from '../../asyncdiff/v1/WorkerMessage.js';

export interface WorkerBatch {
  'messages'?: (_asyncdiff_v1_WorkerMessage)[];
}

export interface WorkerBatch__Output {
  'messages': (_asyncdiff_v1_WorkerMessage__Output)[];
}
