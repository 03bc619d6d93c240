import { parseProfile } from '../../planner/declared/index.js';
import type { DeclaredDevice } from '../../rpc/gen/asyncdiff/v1/DeclaredDevice.js';
import type { WorkerStatus } from '../../rpc/gen/asyncdiff/v1/WorkerStatus.js';
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
    speed: hello.speed || 1,
    roundTripMs: clock.roundTripMs,
    ...(declared ? { declaredDevice: declaredDevice(hello.declaredProfile) } : {}),
  };
}

function declaredDevice(json: string): DeclaredDevice {
  const profile = parseProfile(JSON.parse(json), 'the device profile');
  const { sampleInput, timestepInput, inputs } = profile.graph;
  return {
    profile: profile.name,
    model: profile.model,
    device: profile.device,
    timeDilation: profile.time_dilation,
    batch: profile.batch,
    sampleInput,
    timestepInput,
    inputs: inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
  };
}
