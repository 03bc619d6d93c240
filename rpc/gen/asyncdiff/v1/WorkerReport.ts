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
  /**
   * Its part of the compute of a round, of all workers' together: as planned, and as it timed its sessions when the plan was deployed. 0: not known.
   */
  'plannedShare'?: (number | string);
  'measuredShare'?: (number | string);
}

export interface WorkerReport__Output {
  'workerId': (string);
  'name': (string);
  'device': (string);
  'components': (number)[];
  'computeMs': (number);
  'waitMs': (number);
  'sentBytes': (number);
  /**
   * Its part of the compute of a round, of all workers' together: as planned, and as it timed its sessions when the plan was deployed. 0: not known.
   */
  'plannedShare': (number);
  'measuredShare': (number);
}
