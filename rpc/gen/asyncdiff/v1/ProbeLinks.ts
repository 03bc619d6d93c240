// Original file: proto/asyncdiff/v1/worker.proto

import type { Peer as _asyncdiff_v1_Peer, Peer__Output as _asyncdiff_v1_Peer__Output } from '../../asyncdiff/v1/Peer.js';
import type { Long } from '@grpc/proto-loader';

/**
 * Measure the links from these workers to this one.
 */
export interface ProbeLinks {
  'id'?: (number | string | Long);
  'producers'?: (_asyncdiff_v1_Peer)[];
}

/**
 * Measure the links from these workers to this one.
 */
export interface ProbeLinks__Output {
  'id': (number);
  'producers': (_asyncdiff_v1_Peer__Output)[];
}
