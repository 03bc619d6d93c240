// Original file: proto/asyncdiff/v1/coordinator.proto

import type { WorkerStatus as _asyncdiff_v1_WorkerStatus, WorkerStatus__Output as _asyncdiff_v1_WorkerStatus__Output } from '../../asyncdiff/v1/WorkerStatus.js';

export interface GetStatusResponse {
  'version'?: (string);
  'model'?: (string);
  'workers'?: (_asyncdiff_v1_WorkerStatus)[];
  'queuedJobs'?: (number);
  'runningJobs'?: (number);
}

export interface GetStatusResponse__Output {
  'version': (string);
  'model': (string);
  'workers': (_asyncdiff_v1_WorkerStatus__Output)[];
  'queuedJobs': (number);
  'runningJobs': (number);
}
