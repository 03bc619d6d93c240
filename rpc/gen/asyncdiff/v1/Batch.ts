// Original file: proto/asyncdiff/v1/worker.proto

import type { CoordinatorMessage as _asyncdiff_v1_CoordinatorMessage, CoordinatorMessage__Output as _asyncdiff_v1_CoordinatorMessage__Output } from '../../asyncdiff/v1/CoordinatorMessage.js';

export interface Batch {
  'messages'?: (_asyncdiff_v1_CoordinatorMessage)[];
}

export interface Batch__Output {
  'messages': (_asyncdiff_v1_CoordinatorMessage__Output)[];
}
