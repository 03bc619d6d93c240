// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Where a boundary tensor goes from this worker: its own ones, and those it forwards to a neighbour on its host.
 */
export interface Route {
  'name'?: (string);
  'toWorkerIds'?: (string)[];
}

/**
 * Where a boundary tensor goes from this worker: its own ones, and those it forwards to a neighbour on its host.
 */
export interface Route__Output {
  'name': (string);
  'toWorkerIds': (string)[];
}
