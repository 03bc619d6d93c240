// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface StateReport {
  'id'?: (number | string | Long);
  /**
   * Beginnings and ends of tasks since the worker started: it grows as long as anything moves.
   */
  'moves'?: (number | string | Long);
  /**
   * A run is in progress, for half a second at least.
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
  /**
   * Since the last of them.
   */
  'stillMs'?: (number | string);
  /**
   * Processor time of the worker's process, all threads together, where its device is the processor: it moves as long as a run does. 0 elsewhere.
   */
  'processorMs'?: (number | string);
}

export interface StateReport__Output {
  'id': (number);
  /**
   * Beginnings and ends of tasks since the worker started: it grows as long as anything moves.
   */
  'moves': (number);
  /**
   * A run is in progress, for half a second at least.
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
  /**
   * Since the last of them.
   */
  'stillMs': (number);
  /**
   * Processor time of the worker's process, all threads together, where its device is the processor: it moves as long as a run does. 0 elsewhere.
   */
  'processorMs': (number);
}
