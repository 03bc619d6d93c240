// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Planned {
  'components'?: (number);
  'stride'?: (number);
  'warmUp'?: (number);
  'workers'?: (number);
  'rounds'?: (number);
  'predictedPeriodMs'?: (number | string);
}

export interface Planned__Output {
  'components': (number);
  'stride': (number);
  'warmUp': (number);
  'workers': (number);
  'rounds': (number);
  'predictedPeriodMs': (number);
}
