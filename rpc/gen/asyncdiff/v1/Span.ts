// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A span of the trace, on the worker's monotonic clock.
 */
export interface Span {
  'name'?: (string);
  /**
   * compute, wait, serialize, transfer, sampler.
   */
  'category'?: (string);
  'startMs'?: (number | string);
  'durationMs'?: (number | string);
  'round'?: (number);
  'component'?: (number);
  'sizeBytes'?: (number | string | Long);
  /**
   * The worker at the other end of a transfer.
   */
  'peer'?: (string);
}

/**
 * A span of the trace, on the worker's monotonic clock.
 */
export interface Span__Output {
  'name': (string);
  /**
   * compute, wait, serialize, transfer, sampler.
   */
  'category': (string);
  'startMs': (number);
  'durationMs': (number);
  'round': (number);
  'component': (number);
  'sizeBytes': (number);
  /**
   * The worker at the other end of a transfer.
   */
  'peer': (string);
}
