// Original file: proto/asyncdiff/v1/coordinator.proto


export interface AbsentWorker {
  'name'?: (string);
  /**
   * In words.
   */
  'why'?: (string);
  /**
   * Since it was lost; unset for one that an earlier coordinator had, and that may be about to join.
   */
  'secondsAgo'?: (number | string);
  '_secondsAgo'?: "secondsAgo";
}

export interface AbsentWorker__Output {
  'name': (string);
  /**
   * In words.
   */
  'why': (string);
  /**
   * Since it was lost; unset for one that an earlier coordinator had, and that may be about to join.
   */
  'secondsAgo'?: (number);
  '_secondsAgo'?: "secondsAgo";
}
