// Original file: proto/asyncdiff/v1/worker.proto

import type { Subscribe as _asyncdiff_v1_Subscribe, Subscribe__Output as _asyncdiff_v1_Subscribe__Output } from '../../asyncdiff/v1/Subscribe.js';
import type { Long } from '@grpc/proto-loader';

/**
 * From the consumer of tensors to their producer.
 */
export interface ExchangeRequest {
  'subscribe'?: (_asyncdiff_v1_Subscribe | null);
  /**
   * Bytes that the consumer has taken over since its last credit: the producer may have that many more in flight.
   */
  'creditBytes'?: (number | string | Long);
  'message'?: "subscribe"|"creditBytes";
}

/**
 * From the consumer of tensors to their producer.
 */
export interface ExchangeRequest__Output {
  'subscribe'?: (_asyncdiff_v1_Subscribe__Output | null);
  /**
   * Bytes that the consumer has taken over since its last credit: the producer may have that many more in flight.
   */
  'creditBytes'?: (number);
  'message'?: "subscribe"|"creditBytes";
}
