// Original file: proto/asyncdiff/v1/coordinator.proto


export interface NumberList {
  'values'?: (number | string)[];
}

export interface NumberList__Output {
  'values': (number)[];
}
