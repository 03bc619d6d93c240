// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * First message of a worker.
 */
export interface Hello {
  /**
   * Must equal the coordinator's.
   */
  'protocolVersion'?: (number);
  'version'?: (string);
  /**
   * Name for people; unique names are made by the coordinator.
   */
  'name'?: (string);
  /**
   * Device as asked for: cpu, cuda:0, webgpu, declared:...
   */
  'device'?: (string);
  'threads'?: (number);
  /**
   * HOST:PORT at which other workers reach it; empty if none can.
   */
  'address'?: (string);
  /**
   * Same for workers that share memory and loopback: machine, boot and network namespace.
   */
  'hostId'?: (string);
  'hostName'?: (string);
  'onnxruntimeVersion'?: (string);
  'nodeVersion'?: (string);
  /**
   * Speed beside the other workers, as the user says (`--speed`): the planner gives it so much more of the compute. 0: 1.
   */
  'speed'?: (number | string);
  'declared'?: (boolean);
  /**
   * Declared devices: the content of the profile, JSON.
   */
  'declaredProfile'?: (string);
  /**
   * Same for workers on one piece of hardware, whatever their namespace.
   */
  'machineId'?: (string);
  /**
   * Largest message that it takes.
   */
  'maxMessageBytes'?: (number | string | Long);
  /**
   * Memory that its device has for its part of a model, as the user says or as the host has; 0: not known.
   */
  'memoryBytes'?: (number | string | Long);
}

/**
 * First message of a worker.
 */
export interface Hello__Output {
  /**
   * Must equal the coordinator's.
   */
  'protocolVersion': (number);
  'version': (string);
  /**
   * Name for people; unique names are made by the coordinator.
   */
  'name': (string);
  /**
   * Device as asked for: cpu, cuda:0, webgpu, declared:...
   */
  'device': (string);
  'threads': (number);
  /**
   * HOST:PORT at which other workers reach it; empty if none can.
   */
  'address': (string);
  /**
   * Same for workers that share memory and loopback: machine, boot and network namespace.
   */
  'hostId': (string);
  'hostName': (string);
  'onnxruntimeVersion': (string);
  'nodeVersion': (string);
  /**
   * Speed beside the other workers, as the user says (`--speed`): the planner gives it so much more of the compute. 0: 1.
   */
  'speed': (number);
  'declared': (boolean);
  /**
   * Declared devices: the content of the profile, JSON.
   */
  'declaredProfile': (string);
  /**
   * Same for workers on one piece of hardware, whatever their namespace.
   */
  'machineId': (string);
  /**
   * Largest message that it takes.
   */
  'maxMessageBytes': (number);
  /**
   * Memory that its device has for its part of a model, as the user says or as the host has; 0: not known.
   */
  'memoryBytes': (number);
}
