// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface JobSummary {
  'jobId'?: (string);
  /**
   * generate, denoise or run.
   */
  'kind'?: (string);
  /**
   * Who submitted it: its key's name, or where it calls from.
   */
  'client'?: (string);
  /**
   * queued, running, done, failed, cancelled.
   */
  'state'?: (string);
  /**
   * Milliseconds since the epoch.
   */
  'submittedAtMs'?: (number | string | Long);
  'waitedSeconds'?: (number | string);
  /**
   * Until now, or its end.
   */
  'ranSeconds'?: (number | string);
  /**
   * Jobs before it in the queue.
   */
  'ahead'?: (number);
  /**
   * Steps finished, of all; 0 before the first is.
   */
  'step'?: (number);
  'steps'?: (number);
  'workers'?: (number);
  /**
   * Attempts that ended with the loss of a worker or a link.
   */
  'losses'?: (number);
  /**
   * Why it has no result.
   */
  'errorCode'?: (string);
  'errorMessage'?: (string);
}

export interface JobSummary__Output {
  'jobId': (string);
  /**
   * generate, denoise or run.
   */
  'kind': (string);
  /**
   * Who submitted it: its key's name, or where it calls from.
   */
  'client': (string);
  /**
   * queued, running, done, failed, cancelled.
   */
  'state': (string);
  /**
   * Milliseconds since the epoch.
   */
  'submittedAtMs': (number);
  'waitedSeconds': (number);
  /**
   * Until now, or its end.
   */
  'ranSeconds': (number);
  /**
   * Jobs before it in the queue.
   */
  'ahead': (number);
  /**
   * Steps finished, of all; 0 before the first is.
   */
  'step': (number);
  'steps': (number);
  'workers': (number);
  /**
   * Attempts that ended with the loss of a worker or a link.
   */
  'losses': (number);
  /**
   * Why it has no result.
   */
  'errorCode': (string);
  'errorMessage': (string);
}
