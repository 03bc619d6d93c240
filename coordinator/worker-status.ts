import type { WorkerStatus } from '../transport/gen/asyncdiff/v1/WorkerStatus.js';
import type { WorkerHandle } from './worker-handle.js';

/** A worker as GetStatus shows it. */
export function workerStatus({ id, name, state, hello, clock }: WorkerHandle): WorkerStatus {
  const {
    device,
    threads,
    address,
    hostName,
    hostId,
    machineId,
    version,
    onnxruntimeVersion,
    nodeVersion,
    declared,
  } = hello;
  return {
    workerId: id,
    name,
    state,
    device,
    threads,
    address,
    hostName,
    hostId,
    machineId,
    version,
    onnxruntimeVersion,
    nodeVersion,
    declared,
    roundTripMs: clock.roundTripMs,
  };
}
