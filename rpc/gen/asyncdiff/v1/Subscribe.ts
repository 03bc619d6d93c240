// Original file: proto/asyncdiff/v1/worker.proto


export interface Subscribe {
  /**
   * Worker that subscribes.
   */
  'workerId'?: (string);
  /**
   * Deployment whose tensors it wants.
   */
  'deploymentId'?: (string);
  /**
   * Worker that it believes it has dialled; the producer refuses if it is another one.
   */
  'producerId'?: (string);
  /**
   * A ring in shared memory, for a producer on the same host (docs/reference/transport.md); empty for none. One that has opened it says so
   * in its headers (`asyncdiff-shared-memory: 1`).
   */
  'ringName'?: (string);
  'ringKey'?: (Buffer | Uint8Array | string);
  /**
   * The consumer's inference thread takes frames from the ring itself: the producer's may put small tensors there instead of sending them.
   */
  'takesFrames'?: (boolean);
  /**
   * That of the Deploy that told the worker to subscribe; the producer refuses another one.
   */
  'secret'?: (Buffer | Uint8Array | string);
}

export interface Subscribe__Output {
  /**
   * Worker that subscribes.
   */
  'workerId': (string);
  /**
   * Deployment whose tensors it wants.
   */
  'deploymentId': (string);
  /**
   * Worker that it believes it has dialled; the producer refuses if it is another one.
   */
  'producerId': (string);
  /**
   * A ring in shared memory, for a producer on the same host (docs/reference/transport.md); empty for none. One that has opened it says so
   * in its headers (`asyncdiff-shared-memory: 1`).
   */
  'ringName': (string);
  'ringKey': (Buffer);
  /**
   * The consumer's inference thread takes frames from the ring itself: the producer's may put small tensors there instead of sending them.
   */
  'takesFrames': (boolean);
  /**
   * That of the Deploy that told the worker to subscribe; the producer refuses another one.
   */
  'secret': (Buffer);
}
