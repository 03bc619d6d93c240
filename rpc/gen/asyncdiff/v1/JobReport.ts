// Original file: proto/asyncdiff/v1/worker.proto

import type { Span as _asyncdiff_v1_Span, Span__Output as _asyncdiff_v1_Span__Output } from '../../asyncdiff/v1/Span.js';
import type { Long } from '@grpc/proto-loader';

export interface JobReport {
  'jobId'?: (string);
  'attempt'?: (number);
  /**
   * Bytes of boundary tensors that this worker sent, by the worker they went to.
   */
  'sentBytes'?: ({[key: string]: number | string | Long});
  'computeMs'?: (number | string);
  'waitMs'?: (number | string);
  'spans'?: (_asyncdiff_v1_Span)[];
  /**
   * Mean compute time of each segment over the job's asynchronous rounds, milliseconds.
   */
  'segmentMs'?: ({[key: string]: number | string});
}

export interface JobReport__Output {
  'jobId': (string);
  'attempt': (number);
  /**
   * Bytes of boundary tensors that this worker sent, by the worker they went to.
   */
  'sentBytes': ({[key: string]: number});
  'computeMs': (number);
  'waitMs': (number);
  'spans': (_asyncdiff_v1_Span__Output)[];
  /**
   * Mean compute time of each segment over the job's asynchronous rounds, milliseconds.
   */
  'segmentMs': ({[key: string]: number});
}
