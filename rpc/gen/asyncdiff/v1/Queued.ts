// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Queued {
  /**
   * Jobs ahead of this one.
   */
  'position'?: (number);
}

export interface Queued__Output {
  /**
   * Jobs ahead of this one.
   */
  'position': (number);
}
