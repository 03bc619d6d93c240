// Original file: proto/asyncdiff/v1/coordinator.proto

import type { DeclaredDevice as _asyncdiff_v1_DeclaredDevice, DeclaredDevice__Output as _asyncdiff_v1_DeclaredDevice__Output } from '../../asyncdiff/v1/DeclaredDevice.js';

export interface WorkerStatus {
  'workerId'?: (string);
  'name'?: (string);
  /**
   * resting, idle, deploying, ready, busy, lost: docs/reference/protocol.md.
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
  /**
   * Set where `declared` is.
   */
  'declaredDevice'?: (_asyncdiff_v1_DeclaredDevice | null);
  /**
   * As the user says (`worker --speed`).
   */
  'speed'?: (number | string);
  /**
   * Why it is not used as the others are; empty where it is.
   */
  'note'?: (string);
}

export interface WorkerStatus__Output {
  'workerId': (string);
  'name': (string);
  /**
   * resting, idle, deploying, ready, busy, lost: docs/reference/protocol.md.
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
  /**
   * Set where `declared` is.
   */
  'declaredDevice': (_asyncdiff_v1_DeclaredDevice__Output | null);
  /**
   * As the user says (`worker --speed`).
   */
  'speed': (number);
  /**
   * Why it is not used as the others are; empty where it is.
   */
  'note': (string);
}
