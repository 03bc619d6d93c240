// Original file: proto/asyncdiff/v1/coordinator.proto


export interface PlanResponse {
  /**
   * The document that `asyncdiff plan --json` prints.
   */
  'json'?: (string);
}

export interface PlanResponse__Output {
  /**
   * The document that `asyncdiff plan --json` prints.
   */
  'json': (string);
}
