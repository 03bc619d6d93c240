// Original file: proto/asyncdiff/v1/coordinator.proto

import type { RunHeader as _asyncdiff_v1_RunHeader, RunHeader__Output as _asyncdiff_v1_RunHeader__Output } from '../../asyncdiff/v1/RunHeader.js';
import type { RunItem as _asyncdiff_v1_RunItem, RunItem__Output as _asyncdiff_v1_RunItem__Output } from '../../asyncdiff/v1/RunItem.js';

export interface RunRequest {
  'header'?: (_asyncdiff_v1_RunHeader | null);
  'item'?: (_asyncdiff_v1_RunItem | null);
  'message'?: "header"|"item";
}

export interface RunRequest__Output {
  'header'?: (_asyncdiff_v1_RunHeader__Output | null);
  'item'?: (_asyncdiff_v1_RunItem__Output | null);
  'message'?: "header"|"item";
}
