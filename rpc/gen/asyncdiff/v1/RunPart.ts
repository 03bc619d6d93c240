// Original file: proto/asyncdiff/v1/worker.proto


export interface RunPart {
  'partId'?: (string);
  /**
   * Counts the runs of a part, from 1.
   */
  'run'?: (number);
  /**
   * Those wanted; all where it is empty.
   */
  'outputs'?: (string)[];
}

export interface RunPart__Output {
  'partId': (string);
  /**
   * Counts the runs of a part, from 1.
   */
  'run': (number);
  /**
   * Those wanted; all where it is empty.
   */
  'outputs': (string)[];
}
