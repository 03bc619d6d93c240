// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface Welcome {
  'workerId'?: (string);
  'protocolVersion'?: (number);
  'version'?: (string);
  /**
   * Milliseconds between pings. A worker that hears nothing for `silence_ms` gives the coordinator up, and joins again.
   */
  'pingIntervalMs'?: (number);
  'silenceMs'?: (number);
  /**
   * Largest message that the coordinator takes; 0: it did not say.
   */
  'maxMessageBytes'?: (number | string | Long);
  /**
   * 32 random bytes, the same for all workers of this coordinator: by it they know each other when links are measured.
   */
  'peerSecret'?: (Buffer | Uint8Array | string);
}

export interface Welcome__Output {
  'workerId': (string);
  'protocolVersion': (number);
  'version': (string);
  /**
   * Milliseconds between pings. A worker that hears nothing for `silence_ms` gives the coordinator up, and joins again.
   */
  'pingIntervalMs': (number);
  'silenceMs': (number);
  /**
   * Largest message that the coordinator takes; 0: it did not say.
   */
  'maxMessageBytes': (number);
  /**
   * 32 random bytes, the same for all workers of this coordinator: by it they know each other when links are measured.
   */
  'peerSecret': (Buffer);
}
