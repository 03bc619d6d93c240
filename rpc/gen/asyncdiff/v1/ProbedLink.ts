// Original file: proto/asyncdiff/v1/worker.proto


/**
 * A link without a time is one that does not work.
 */
export interface ProbedLink {
  'producerId'?: (string);
  'roundTripMs'?: (number | string);
  'bytesPerSecond'?: (number | string);
}

/**
 * A link without a time is one that does not work.
 */
export interface ProbedLink__Output {
  'producerId': (string);
  'roundTripMs': (number);
  'bytesPerSecond': (number);
}
