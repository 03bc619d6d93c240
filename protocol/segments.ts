import { parseDType } from '../common/tensor/index.js';
import type { SegmentSpec } from '../execution/index.js';
import type { ValueSpec } from '../common/tensor/index.js';
import type { ItemValues } from '../program/index.js';
import type {
  SegmentSpec as SegmentMessage,
  SegmentSpec__Output,
} from '../rpc/gen/asyncdiff/v1/SegmentSpec.js';
import type { ItemValues as ItemMessage } from '../rpc/gen/asyncdiff/v1/ItemValues.js';
import type { ValueSpec__Output } from '../rpc/gen/asyncdiff/v1/ValueSpec.js';

export function toSegmentMessage(spec: SegmentSpec): SegmentMessage {
  return {
    ...spec,
    inputs: spec.inputs.map((value) => ({ ...value, dims: [...value.dims] })),
    outputs: spec.outputs.map((value) => ({ ...value, dims: [...value.dims] })),
    conditioning: [...spec.conditioning],
    localReads: [...spec.localReads],
    boundaryReads: [...spec.boundaryReads],
    localWrites: [...spec.localWrites],
    boundaryWrites: [...spec.boundaryWrites],
    item: spec.item === undefined ? null : toItemMessage(spec.item),
  };
}

export function fromSegmentMessage(message: SegmentSpec__Output): SegmentSpec {
  const { item, ...rest } = message;
  return {
    ...rest,
    inputs: message.inputs.map(fromValue),
    outputs: message.outputs.map(fromValue),
    ...(item === null ? {} : { item }),
  };
}

function toItemMessage({ inputs, outputs, states, carries }: ItemValues): ItemMessage {
  return { inputs: [...inputs], outputs: [...outputs], states: [...states], carries: [...carries] };
}

function fromValue({ name, dtype, dims }: ValueSpec__Output): ValueSpec {
  return { name, dtype: parseDType(dtype, `value "${name}"`), dims };
}
