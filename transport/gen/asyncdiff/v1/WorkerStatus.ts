// Original file: proto/asyncdiff/v1/coordinator.proto


export interface WorkerStatus {
  'workerId'?: (string);
  'name'?: (string);
  /**
   * joining, idle, deploying, ready, busy, lost.
   */
  'state'?: (string);
  'device'?: (string);
  'threads'?: (number);
  'address'?: (string);
  'hostName'?: (string);
  'hostId'?: (string);
  'machineId'?: (string);
  'version'?: (string);
  'onnxruntimeVersion'?: (string);
  'nodeVersion'?: (string);
  'declared'?: (boolean);
  'roundTripMs'?: (number | string);
}

export interface WorkerStatus__Output {
  'workerId': (string);
  'name': (string);
  /**
   * joining, idle, deploying, ready, busy, lost.
   */
  'state': (string);
  'device': (string);
  'threads': (number);
  'address': (string);
  'hostName': (string);
  'hostId': (string);
  'machineId': (string);
  'version': (string);
  'onnxruntimeVersion': (string);
  'nodeVersion': (string);
  'declared': (boolean);
  'roundTripMs': (number);
}
