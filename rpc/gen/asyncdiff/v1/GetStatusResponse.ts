// Original file: proto/asyncdiff/v1/coordinator.proto

import type { WorkerStatus as _asyncdiff_v1_WorkerStatus, WorkerStatus__Output as _asyncdiff_v1_WorkerStatus__Output } from '../../asyncdiff/v1/WorkerStatus.js';
import type { AbsentWorker as _asyncdiff_v1_AbsentWorker, AbsentWorker__Output as _asyncdiff_v1_AbsentWorker__Output } from '../../asyncdiff/v1/AbsentWorker.js';

export interface GetStatusResponse {
  'version'?: (string);
  'model'?: (string);
  'workers'?: (_asyncdiff_v1_WorkerStatus)[];
  'queuedJobs'?: (number);
  'runningJobs'?: (number);
  /**
   * Why no job could be placed now; empty where one could.
   */
  'notReady'?: (string);
  /**
   * Workers that were here and are not, the last first.
   */
  'absent'?: (_asyncdiff_v1_AbsentWorker)[];
}

export interface GetStatusResponse__Output {
  'version': (string);
  'model': (string);
  'workers': (_asyncdiff_v1_WorkerStatus__Output)[];
  'queuedJobs': (number);
  'runningJobs': (number);
  /**
   * Why no job could be placed now; empty where one could.
   */
  'notReady': (string);
  /**
   * Workers that were here and are not, the last first.
   */
  'absent': (_asyncdiff_v1_AbsentWorker__Output)[];
}
