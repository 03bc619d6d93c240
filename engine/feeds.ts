import { AsyncDiffError } from '../common/errors/index.js';
import { type DType, elementCount, formatDims, type Tensor } from '../common/tensor/index.js';
import type { Task } from '../schedule/index.js';
import { castFloat, repeatBatch } from './float-ops.js';
import type { JobContext, JobState } from './job-state.js';
import type { SegmentSpec, ValueSpec } from './segment-spec.js';
import { scalarTensor } from './timestep.js';

/** Values inside a component are fresh: each run of a round has its own. */
export function localName(name: string, task: Task): string {
  return `${name}\n${task.run}`;
}

/** Everything that a task's session takes, by name. Throws `invalid_input` for conditioning that is missing or of another size. */
export function gatherFeeds(
  state: JobState,
  context: JobContext,
  task: Task,
  spec: SegmentSpec,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const input of spec.inputs) {
    feeds[input.name] = checkShape(input, spec, gatherFeed(state, context, task, spec, input));
  }
  return feeds;
}

function gatherFeed(
  state: JobState,
  context: JobContext,
  task: Task,
  spec: SegmentSpec,
  input: ValueSpec,
): Tensor {
  const { name, dtype } = input;
  if (name === spec.sampleInput) {
    return state.cached(`latents/${dtype}/${task.sampleStep}`, () =>
      repeatBatch(castFloat(state.latents.get(task.sampleStep) as Tensor, dtype), context.batchRepeat),
    );
  }
  if (name === spec.timestepInput) return scalarTensor(input, context.timesteps[task.timestepStep] as number);
  const version = task.reads.find((read) => read.name === name)?.version;
  if (version !== undefined) return state.store.get(name, version) as Tensor;
  if (spec.localReads.includes(name)) return state.store.get(localName(name, task), task.round) as Tensor;
  return state.cached(`conditioning/${dtype}/${name}`, () => conditioning(context, name, dtype));
}

function conditioning(context: JobContext, name: string, dtype: DType): Tensor {
  const tensor = context.conditioning[name];
  if (tensor === undefined)
    throw new AsyncDiffError('invalid_input', `the model's input "${name}" was not given`);
  return castFloat(tensor, dtype);
}

function checkShape(input: ValueSpec, spec: SegmentSpec, tensor: Tensor): Tensor {
  if (elementCount(tensor.dims) === elementCount(input.dims)) return tensor;
  throw new AsyncDiffError(
    'invalid_input',
    `segment ${spec.id} takes "${input.name}" as ${formatDims(input.dims)}, it was given ${formatDims(tensor.dims)}`,
  );
}
