// Original file: proto/asyncdiff/v1/worker.proto


export interface Welcome {
  'workerId'?: (string);
  'protocolVersion'?: (number);
  'version'?: (string);
  /**
   * Milliseconds between pings; a side that hears nothing for four of them gives the other up.
   */
  'pingIntervalMs'?: (number);
}

export interface Welcome__Output {
  'workerId': (string);
  'protocolVersion': (number);
  'version': (string);
  /**
   * Milliseconds between pings; a side that hears nothing for four of them gives the other up.
   */
  'pingIntervalMs': (number);
}
