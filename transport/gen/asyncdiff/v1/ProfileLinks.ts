// Original file: proto/asyncdiff/v1/worker.proto

import type { Peer as _asyncdiff_v1_Peer, Peer__Output as _asyncdiff_v1_Peer__Output } from '../../asyncdiff/v1/Peer.js';

/**
 * Measure the links to these workers, which must be deployed producers of this one.
 */
export interface ProfileLinks {
  'planId'?: (string);
  'producers'?: (_asyncdiff_v1_Peer)[];
}

/**
 * Measure the links to these workers, which must be deployed producers of this one.
 */
export interface ProfileLinks__Output {
  'planId': (string);
  'producers': (_asyncdiff_v1_Peer__Output)[];
}
