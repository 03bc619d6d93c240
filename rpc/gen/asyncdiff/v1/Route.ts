// Original file: proto/asyncdiff/v1/worker.proto

import type { RouteTarget as _asyncdiff_v1_RouteTarget, RouteTarget__Output as _asyncdiff_v1_RouteTarget__Output } from '../../asyncdiff/v1/RouteTarget.js';

/**
 * Where a boundary tensor goes from this worker: its own ones, and those it forwards to a neighbour on its host.
 */
export interface Route {
  'name'?: (string);
  'to'?: (_asyncdiff_v1_RouteTarget)[];
}

/**
 * Where a boundary tensor goes from this worker: its own ones, and those it forwards to a neighbour on its host.
 */
export interface Route__Output {
  'name': (string);
  'to': (_asyncdiff_v1_RouteTarget__Output)[];
}
