import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { Task } from '../program/index.js';
import { isFinite } from './float-ops.js';
import type { AttemptState } from './attempt-state.js';
import type { SegmentSpec } from './segment-spec.js';
import { isTensor, type SessionValue } from './session.js';

/** The one copy of the data path on this side: memory that leaves is transferred, and what stays needs its own. */
export function copyOf(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() };
}

/** What a segment gave under a name, on its device or here. */
export function takeResult(
  results: Readonly<Record<string, SessionValue>>,
  name: string,
  spec: Pick<SegmentSpec, 'id'>,
): SessionValue {
  const value = results[name];
  if (value === undefined) throw new AsyncDiffError('internal', `segment ${spec.id} gave no "${name}"`);
  return value;
}

/** The same, of what leaves the component: it is here. */
export function takeTensor(
  results: Readonly<Record<string, SessionValue>>,
  name: string,
  spec: Pick<SegmentSpec, 'id'>,
): Tensor {
  const value = takeResult(results, name, spec);
  if (isTensor(value)) return value;
  throw new AsyncDiffError('internal', `segment ${spec.id} left "${name}" on its device`);
}

function holdsNan({ dtype, data }: Tensor): boolean {
  return dtype.startsWith('float') && dtype !== 'float16' && (data as Float32Array).some(Number.isNaN);
}

/** The error for a result that holds NaN or infinity: names component, step and, if one held it already, the input. */
export function notFinite(what: string, task: Task, state: AttemptState): AsyncDiffError {
  const bad = task.reads.filter(({ name, version }) => {
    const tensor = state.store.get(name, version);
    return tensor !== undefined && !isFinite(tensor);
  });
  // An infinity may be meant there: masks have it.
  const given = Object.entries(state.started?.conditioning ?? {}).find(([, tensor]) => holdsNan(tensor));
  const name = bad[0]?.name ?? given?.[0];
  const source = name === undefined ? '' : `; its input "${name}" held it already`;
  return new AsyncDiffError(
    'not_finite',
    `NaN or infinity in ${what}, computed by component ${task.component} at step ${task.timestepStep}${source}`,
  );
}
