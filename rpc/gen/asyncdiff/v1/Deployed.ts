// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface Deployed {
  'deploymentId'?: (string);
  /**
   * Time of one run of each segment on this device, measured on zeros after a warm-up run, milliseconds.
   */
  'segmentMs'?: ({[key: string]: number | string});
  'memoryBytes'?: (number | string | Long);
}

export interface Deployed__Output {
  'deploymentId': (string);
  /**
   * Time of one run of each segment on this device, measured on zeros after a warm-up run, milliseconds.
   */
  'segmentMs': ({[key: string]: number});
  'memoryBytes': (number);
}
