// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Progress {
  /**
   * Steps finished, of `steps`.
   */
  'step'?: (number);
  'steps'?: (number);
  'round'?: (number);
}

export interface Progress__Output {
  /**
   * Steps finished, of `steps`.
   */
  'step': (number);
  'steps': (number);
  'round': (number);
}
