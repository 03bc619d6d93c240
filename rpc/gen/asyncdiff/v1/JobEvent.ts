// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Queued as _asyncdiff_v1_Queued, Queued__Output as _asyncdiff_v1_Queued__Output } from '../../asyncdiff/v1/Queued.js';
import type { Planned as _asyncdiff_v1_Planned, Planned__Output as _asyncdiff_v1_Planned__Output } from '../../asyncdiff/v1/Planned.js';
import type { Progress as _asyncdiff_v1_Progress, Progress__Output as _asyncdiff_v1_Progress__Output } from '../../asyncdiff/v1/Progress.js';
import type { Preview as _asyncdiff_v1_Preview, Preview__Output as _asyncdiff_v1_Preview__Output } from '../../asyncdiff/v1/Preview.js';
import type { StepTensors as _asyncdiff_v1_StepTensors, StepTensors__Output as _asyncdiff_v1_StepTensors__Output } from '../../asyncdiff/v1/StepTensors.js';
import type { Warning as _asyncdiff_v1_Warning, Warning__Output as _asyncdiff_v1_Warning__Output } from '../../asyncdiff/v1/Warning.js';
import type { Done as _asyncdiff_v1_Done, Done__Output as _asyncdiff_v1_Done__Output } from '../../asyncdiff/v1/Done.js';
import type { Preparing as _asyncdiff_v1_Preparing, Preparing__Output as _asyncdiff_v1_Preparing__Output } from '../../asyncdiff/v1/Preparing.js';
import type { ItemOutputs as _asyncdiff_v1_ItemOutputs, ItemOutputs__Output as _asyncdiff_v1_ItemOutputs__Output } from '../../asyncdiff/v1/ItemOutputs.js';

export interface JobEvent {
  'jobId'?: (string);
  'queued'?: (_asyncdiff_v1_Queued | null);
  'planned'?: (_asyncdiff_v1_Planned | null);
  'progress'?: (_asyncdiff_v1_Progress | null);
  'preview'?: (_asyncdiff_v1_Preview | null);
  'stepTensors'?: (_asyncdiff_v1_StepTensors | null);
  'warning'?: (_asyncdiff_v1_Warning | null);
  'done'?: (_asyncdiff_v1_Done | null);
  'preparing'?: (_asyncdiff_v1_Preparing | null);
  'itemOutputs'?: (_asyncdiff_v1_ItemOutputs | null);
  'event'?: "queued"|"planned"|"progress"|"preview"|"stepTensors"|"warning"|"done"|"preparing"|"itemOutputs";
}

export interface JobEvent__Output {
  'jobId': (string);
  'queued'?: (_asyncdiff_v1_Queued__Output | null);
  'planned'?: (_asyncdiff_v1_Planned__Output | null);
  'progress'?: (_asyncdiff_v1_Progress__Output | null);
  'preview'?: (_asyncdiff_v1_Preview__Output | null);
  'stepTensors'?: (_asyncdiff_v1_StepTensors__Output | null);
  'warning'?: (_asyncdiff_v1_Warning__Output | null);
  'done'?: (_asyncdiff_v1_Done__Output | null);
  'preparing'?: (_asyncdiff_v1_Preparing__Output | null);
  'itemOutputs'?: (_asyncdiff_v1_ItemOutputs__Output | null);
  'event'?: "queued"|"planned"|"progress"|"preview"|"stepTensors"|"warning"|"done"|"preparing"|"itemOutputs";
}
