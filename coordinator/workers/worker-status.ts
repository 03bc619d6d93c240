import type { DeclaredProfile } from '../../execution/declared/index.js';
import type { WorkerHandle } from './worker-handle.js';
import type { WorkerRegistry } from './worker-registry.js';

/** A worker as GetStatus shows it. */
export function workerStatus(worker: WorkerHandle, registry: Pick<WorkerRegistry, 'noteOf'>) {
  const { id, name, state, facts, clock } = worker;
  const { declared, ...told } = facts;
  return {
    ...told,
    workerId: id,
    name,
    state,
    note: registry.noteOf(worker),
    declared: declared !== undefined,
    roundTripMs: clock.roundTripMs ?? 0,
    ...(declared && { declaredDevice: declaredDevice(declared.profile) }),
  };
}

function declaredDevice(profile: DeclaredProfile) {
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
