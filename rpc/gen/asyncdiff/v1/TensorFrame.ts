// Original file: proto/asyncdiff/v1/tensor.proto

import type { Long } from '@grpc/proto-loader';

/**
 * One message of a tensor on its way between workers. A tensor of up to 16 MiB is one frame; a larger one is cut into
 * chunks of 8 MiB that arrive in order (through the coordinator: 256 KiB). The layout is pinned: `pad` makes `data` start on a 16-byte boundary, counted
 * from gRPC's 5-byte message prefix, so that the receiver can view it as a typed array without a copy
 * (docs/reference/transport.md).
 */
export interface TensorFrame {
  'jobId'?: (string);
  /**
   * Attempt of the job that this belongs to; frames of an older attempt are dropped.
   */
  'attempt'?: (number);
  /**
   * Boundary tensor's name.
   */
  'name'?: (string);
  /**
   * Round that produced it.
   */
  'version'?: (number);
  /**
   * Position of the element type in the fixed list of docs/reference/protocol.md, from 1.
   */
  'dtype'?: (number);
  'dims'?: (number)[];
  /**
   * Byte offset of this chunk, and bytes of the whole tensor.
   */
  'offsetBytes'?: (number | string | Long);
  'totalBytes'?: (number | string | Long);
  /**
   * Sender's monotonic clock when the producing run returned, microseconds; for the trace.
   */
  'sentUs'?: (number | string | Long);
  /**
   * On one host, the data may lie in shared memory instead of below: `shared_bytes` of it from there in the ring that the consumer offered.
   */
  'sharedOffsetBytes'?: (number | string | Long);
  'sharedBytes'?: (number | string | Long);
  'pad'?: (Buffer | Uint8Array | string);
  'data'?: (Buffer | Uint8Array | string);
}

/**
 * One message of a tensor on its way between workers. A tensor of up to 16 MiB is one frame; a larger one is cut into
 * chunks of 8 MiB that arrive in order (through the coordinator: 256 KiB). The layout is pinned: `pad` makes `data` start on a 16-byte boundary, counted
 * from gRPC's 5-byte message prefix, so that the receiver can view it as a typed array without a copy
 * (docs/reference/transport.md).
 */
export interface TensorFrame__Output {
  'jobId': (string);
  /**
   * Attempt of the job that this belongs to; frames of an older attempt are dropped.
   */
  'attempt': (number);
  /**
   * Boundary tensor's name.
   */
  'name': (string);
  /**
   * Round that produced it.
   */
  'version': (number);
  /**
   * Position of the element type in the fixed list of docs/reference/protocol.md, from 1.
   */
  'dtype': (number);
  'dims': (number)[];
  /**
   * Byte offset of this chunk, and bytes of the whole tensor.
   */
  'offsetBytes': (number);
  'totalBytes': (number);
  /**
   * Sender's monotonic clock when the producing run returned, microseconds; for the trace.
   */
  'sentUs': (number);
  /**
   * On one host, the data may lie in shared memory instead of below: `shared_bytes` of it from there in the ring that the consumer offered.
   */
  'sharedOffsetBytes': (number);
  'sharedBytes': (number);
  'pad': (Buffer);
  'data': (Buffer);
}
