// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What the worker is at, and what it waits for: asked when nothing was heard of a job for too long.
 */
export interface AskState {
  'id'?: (number | string | Long);
}

/**
 * What the worker is at, and what it waits for: asked when nothing was heard of a job for too long.
 */
export interface AskState__Output {
  'id': (number);
}
