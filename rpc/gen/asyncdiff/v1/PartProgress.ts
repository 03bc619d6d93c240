// Original file: proto/asyncdiff/v1/worker.proto


/**
 * A frame of what goes into a run is here.
 */
export interface PartProgress {
  'partId'?: (string);
  'run'?: (number);
}

/**
 * A frame of what goes into a run is here.
 */
export interface PartProgress__Output {
  'partId': (string);
  'run': (number);
}
