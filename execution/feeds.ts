import { batchRepeatOf } from '../common/guidance/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { type DType, elementCount, formatDims, type Tensor } from '../common/tensor/index.js';
import { itemInputName, microBatchName, type Read, type Task } from '../program/index.js';
import { batchRows, between, castFloat, repeatBatch } from './float-ops.js';
import type { StartedJob, AttemptState } from './attempt-state.js';
import type { SegmentSpec } from './segment-spec.js';
import type { SessionValue } from './session.js';
import type { ValueSpec } from '../common/tensor/index.js';
import { scalarTensor } from './timestep.js';

/** Values inside a component: each run of a round has its own. */
export function localName(name: string, task: Task): string {
  return `${name}\n${task.run}`;
}

/** Names of what a task reads from elsewhere (the latents are one) and what is not here. */
export function missingOf(state: AttemptState, task: Task, spec: SegmentSpec): string[] {
  const missing = task.reads.filter(
    ({ name, version, blend }) =>
      !state.store.has(name, version) || (blend !== undefined && !state.store.has(name, blend.version)),
  );
  const { name, version } = task.latents;
  const isWithoutLatents = spec.sampleInput !== '' && !state.latents.has(name, version);
  const items = (spec.item?.inputs ?? []).map(itemInputName);
  return [
    ...missing.map((read) => read.name),
    ...(isWithoutLatents ? [name] : []),
    ...items.filter((one) => !state.latents.has(one, task.sampleStep)),
  ];
}

/** Whether everything that a task reads is here, from elsewhere and from earlier segments of its component. */
export function isHere(state: AttemptState, task: Task, spec: SegmentSpec): boolean {
  const isLocalHere = (name: string): boolean => state.locals.has(localName(name, task), task.version);
  return missingOf(state, task, spec).length === 0 && spec.localReads.every(isLocalHere);
}

/** Everything that a task's session takes, by name. Throws `invalid_input` for conditioning that is missing or of another size. */
export function gatherFeeds(
  state: AttemptState,
  started: StartedJob,
  task: Task,
  spec: SegmentSpec,
): Record<string, SessionValue> {
  const feeds: Record<string, SessionValue> = {};
  for (const input of spec.inputs) {
    feeds[input.name] = checkShape(input, spec, gatherFeed(state, started, task, spec, input));
  }
  return feeds;
}

function gatherFeed(
  state: AttemptState,
  started: StartedJob,
  task: Task,
  spec: SegmentSpec,
  input: ValueSpec,
): SessionValue {
  const { name, dtype } = input;
  if (name === spec.sampleInput) {
    const { latents } = task;
    const key = `${latents.name}/${dtype}`;
    const whole = state.cached(`${key}/${latents.version}`, () =>
      repeatBatch(
        castFloat(state.latents.get(latents.name, latents.version) as Tensor, dtype),
        batchRepeatOf(started.guidance),
      ),
    );
    return ofMicroBatch(state, spec, input, whole, key, latents.version);
  }
  if (name === spec.timestepInput) return scalarTensor(input, started.timesteps[task.timestepStep] as number);
  if (spec.item?.inputs.includes(name) === true)
    return state.latents.get(itemInputName(name), task.sampleStep) as Tensor;
  const stored = microBatchName(name, spec.microBatch, spec.microBatches);
  const read = task.reads.find((one) => (one.input ?? one.name) === stored);
  if (read !== undefined) return boundary(state, read);
  if (spec.localReads.includes(stored))
    return state.locals.get(localName(stored, task), task.version) as SessionValue;
  const key = `conditioning/${dtype}/${name}`;
  const whole = state.cached(key, () => conditioning(started, name, dtype));
  return ofMicroBatch(state, spec, input, whole, key, 0);
}

function boundary(state: AttemptState, { name, version, blend }: Read): Tensor {
  const newest = state.store.get(name, version) as Tensor;
  if (blend === undefined) return newest;
  return between(state.store.get(name, blend.version) as Tensor, newest, blend.share);
}

/** The rows of a batch that a segment computes; the whole of what has no batch, or where there is one micro-batch. */
function ofMicroBatch(
  state: AttemptState,
  { microBatch, microBatches }: SegmentSpec,
  { dims }: ValueSpec,
  whole: Tensor,
  key: string,
  step: number,
): Tensor {
  if (microBatches === 1 || elementCount(whole.dims) !== microBatches * elementCount(dims)) return whole;
  return state.cached(`${key}/${microBatch} of ${microBatches}/${step}`, () => {
    const rows = (whole.dims[0] ?? 1) / microBatches;
    return batchRows(whole, microBatch * rows, rows);
  });
}

function conditioning(started: StartedJob, name: string, dtype: DType): Tensor {
  const tensor = started.conditioning[name];
  if (tensor === undefined)
    throw new AsyncDiffError('invalid_input', `the model's input "${name}" was not given`);
  return castFloat(tensor, dtype);
}

function checkShape(input: ValueSpec, spec: SegmentSpec, value: SessionValue): SessionValue {
  if (elementCount(value.dims) === elementCount(input.dims)) return value;
  throw new AsyncDiffError(
    'invalid_input',
    `segment ${spec.id} takes "${input.name}" as ${formatDims(input.dims)}, it was given ${formatDims(value.dims)}`,
  );
}
