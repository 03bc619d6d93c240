import type { BoundaryTensor, CarriedState, ItemValues } from '../../program/index.js';
import type { SinglePass } from './cost-graph.js';
import type { GraphIndex } from './graph-index.js';
import type { MainRange } from './main-range.js';

/** What a segment of a single-pass model has, while it is being built. */
export interface ItemDraft {
  readonly range: MainRange;
  readonly boundaryWrites: Set<string>;
  readonly outputs: string[];
  readonly states: CarriedState[];
  readonly carries: string[];
}

/**
 * Says which segments make the outputs of a single-pass model, and has states go to who reads them for the next item: exact in type, and
 * boundary tensors also where their maker alone reads them, since they outlive the run. Of a noise predictor the tensors are those given.
 */
export function carryStates(
  { graph, stretches, positionOf }: GraphIndex,
  drafts: readonly ItemDraft[],
  draftAt: readonly ItemDraft[],
  tensors: BoundaryTensor[],
): BoundaryTensor[] {
  if (graph.singlePass === undefined) return tensors;
  const makerOf = (value: string): ItemDraft => draftAt[positionOf.get(value)!]!;
  for (const name of graph.singlePass.outputs) makerOf(name).outputs.push(name);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const state of graph.singlePass.states) {
    const from = makerOf(state.value);
    const readers = drafts.filter(({ range }) => stretches.reads(state.input, range.start, range.end));
    for (const reader of readers) reader.states.push(state);
    from.boundaryWrites.add(state.value);
    if (!from.carries.includes(state.value)) from.carries.push(state.value);
    const { dtype, dims, bytes } = graph.values.get(state.value)!;
    const producer = from.range.component;
    const known = byName.get(state.value)?.consumers ?? [];
    const consumers = new Set([...known, ...readers.map(({ range }) => range.component)]);
    consumers.delete(producer);
    byName.set(state.value, {
      name: state.value,
      value: state.value,
      dtype,
      dims,
      bytes,
      producer,
      consumers: [...consumers].sort((a, b) => a - b),
      lag: 1,
    });
  }
  return [...byName.values()];
}

/** What a finished segment of a single-pass model says of itself. `reads`: whether it reads a graph input. */
export function itemValues(
  { outputs, states, carries }: ItemDraft,
  { inputs }: SinglePass,
  reads: (name: string) => boolean,
): ItemValues {
  return { inputs: inputs.filter(reads), outputs, states, carries };
}
