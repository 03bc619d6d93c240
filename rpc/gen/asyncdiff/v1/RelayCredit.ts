// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Frames count with their data, 1 KiB at least.
 */
export interface RelayCredit {
  'jobId'?: (string);
  'attempt'?: (number);
  /**
   * The worker at the other end.
   */
  'workerId'?: (string);
  'bytes'?: (number | string | Long);
}

/**
 * Frames count with their data, 1 KiB at least.
 */
export interface RelayCredit__Output {
  'jobId': (string);
  'attempt': (number);
  /**
   * The worker at the other end.
   */
  'workerId': (string);
  'bytes': (number);
}
