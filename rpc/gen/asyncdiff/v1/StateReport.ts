// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface StateReport {
  'id'?: (number | string | Long);
  /**
   * Tasks run since the worker started: it moves as long as anything does.
   */
  'tasksDone'?: (number | string | Long);
  /**
   * A run is in progress: the inference thread did not answer.
   */
  'computing'?: (boolean);
  /**
   * What the oldest task that waits lacks, and its round.
   */
  'missing'?: (string)[];
  'round'?: (number);
  /**
   * Waits of the network thread, as text.
   */
  'waits'?: (string)[];
}

export interface StateReport__Output {
  'id': (number);
  /**
   * Tasks run since the worker started: it moves as long as anything does.
   */
  'tasksDone': (number);
  /**
   * A run is in progress: the inference thread did not answer.
   */
  'computing': (boolean);
  /**
   * What the oldest task that waits lacks, and its round.
   */
  'missing': (string)[];
  'round': (number);
  /**
   * Waits of the network thread, as text.
   */
  'waits': (string)[];
}
