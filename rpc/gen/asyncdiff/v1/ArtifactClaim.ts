// Original file: proto/asyncdiff/v1/worker.proto


/**
 * Who asks, and by what right.
 */
export interface ArtifactClaim {
  'workerId'?: (string);
  /**
   * Worker that it believes it has dialled; empty for the coordinator.
   */
  'supplierId'?: (string);
  'deploymentId'?: (string);
  /**
   * That of the Deploy.
   */
  'secret'?: (Buffer | Uint8Array | string);
}

/**
 * Who asks, and by what right.
 */
export interface ArtifactClaim__Output {
  'workerId': (string);
  /**
   * Worker that it believes it has dialled; empty for the coordinator.
   */
  'supplierId': (string);
  'deploymentId': (string);
  /**
   * That of the Deploy.
   */
  'secret': (Buffer);
}
