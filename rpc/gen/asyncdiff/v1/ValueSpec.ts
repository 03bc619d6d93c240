// Original file: proto/asyncdiff/v1/worker.proto


/**
 * A value that goes into or comes out of a segment's session.
 */
export interface ValueSpec {
  'name'?: (string);
  'dtype'?: (string);
  'dims'?: (number)[];
}

/**
 * A value that goes into or comes out of a segment's session.
 */
export interface ValueSpec__Output {
  'name': (string);
  'dtype': (string);
  'dims': (number)[];
}
