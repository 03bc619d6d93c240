// Original file: proto/asyncdiff/v1/coordinator.proto


/**
 * What an earlier run says of itself (the fields of its RunReport), for a job that is to give the same bits.
 */
export interface Replay {
  'version'?: (string);
  'predictorId'?: (string);
  'programId'?: (string);
  'inputsSha256'?: (string);
  'runtimes'?: (string)[];
}

/**
 * What an earlier run says of itself (the fields of its RunReport), for a job that is to give the same bits.
 */
export interface Replay__Output {
  'version': (string);
  'predictorId': (string);
  'programId': (string);
  'inputsSha256': (string);
  'runtimes': (string)[];
}
