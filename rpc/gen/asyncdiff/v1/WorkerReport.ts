// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface WorkerReport {
  'workerId'?: (string);
  'name'?: (string);
  'device'?: (string);
  'components'?: (number)[];
  'computeMs'?: (number | string);
  'waitMs'?: (number | string);
  'sentBytes'?: (number | string | Long);
}

export interface WorkerReport__Output {
  'workerId': (string);
  'name': (string);
  'device': (string);
  'components': (number)[];
  'computeMs': (number);
  'waitMs': (number);
  'sentBytes': (number);
}
