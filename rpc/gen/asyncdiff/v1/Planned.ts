// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Planned {
  'components'?: (number);
  'stride'?: (number);
  'warmUp'?: (number);
  'workers'?: (number);
  'rounds'?: (number);
  'predictedPeriodMs'?: (number | string);
  /**
   * What the planner chose within max_error, and what it rejected, in a sentence; empty where nothing was left to it.
   */
  'choice'?: (string);
}

export interface Planned__Output {
  'components': (number);
  'stride': (number);
  'warmUp': (number);
  'workers': (number);
  'rounds': (number);
  'predictedPeriodMs': (number);
  /**
   * What the planner chose within max_error, and what it rejected, in a sentence; empty where nothing was left to it.
   */
  'choice': (string);
}
