// Original file: proto/asyncdiff/v1/coordinator.proto


export interface Shape {
  'dims'?: (number)[];
}

export interface Shape__Output {
  'dims': (number)[];
}
