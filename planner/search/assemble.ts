import { type GraphIndex, visitReplicated } from './graph-index.js';
import { type CutPositions, componentsOf, type MainRange, rangesOf } from './main-range.js';
import type { BoundaryTensor, Component, Partition, Segment } from '../../program/index.js';
import { inSendOrder } from './send-order.js';
import { wireForm, type WireDType } from './wire-form.js';

export interface AssembleOptions {
  readonly wireDtype: WireDType;
  /** The ring cut whose boundary tensors are two rounds old (see search.ts); undefined for none. */
  readonly laggedCut?: number | undefined;
  /** The cuts' pieces split further into sessions, in order of execution; one session per piece if left out. */
  readonly ranges?: readonly MainRange[] | undefined;
}

/** A segment while it is being built. */
interface Draft {
  readonly range: MainRange;
  readonly id: string;
  readonly index: number;
  readonly localReads: Set<string>;
  readonly localWrites: Set<string>;
  readonly boundaryReads: Set<string>;
  readonly boundaryWrites: Set<string>;
  /** Values of other components that it makes from the latents, and all nodes that this takes. */
  readonly recomputes: Set<string>;
  readonly recomputedNodes: Set<number>;
  writesOutput: boolean;
}

/** The partition that these cuts make of the graph. */
export function assemblePartition(
  index: GraphIndex,
  cuts: CutPositions,
  options: AssembleOptions,
): Partition {
  const { graph, mainNodes } = index;
  const ranges = options.ranges ?? rangesOf(cuts, mainNodes.length);
  const componentCount = componentsOf(cuts);
  const drafts = draftSegments(ranges);
  const boundaryTensors = connect(index, drafts, componentCount, options);
  const segments = inSendOrder(
    drafts.map((draft) => finishSegment(index, draft)),
    boundaryTensors,
  );
  const components = Array.from({ length: componentCount }, (_, at): Component => {
    const own = segments.filter((segment) => segment.component === at + 1);
    const costMs = own.reduce((sum, segment) => sum + segment.costMs, 0);
    return {
      index: at + 1,
      costMs,
      share: index.totalCostMs > 0 ? costMs / index.totalCostMs : 1 / componentCount,
      weightBytes: own.reduce((sum, segment) => sum + segment.weightBytes, 0),
      nodeCount: own.reduce((sum, segment) => sum + segment.nodes.length, 0),
    };
  });
  return {
    components,
    segments,
    boundaryTensors,
    cuts: cuts.positions.map((position) => endingValue(index, position)),
    shape: cuts.shape,
    sampleInput: graph.sampleInput,
    timestepInput: graph.timestepInput,
    output: graph.output,
    microBatches: 1,
    broadcastBytes: index.broadcastBytes[options.wireDtype],
  };
}

function draftSegments(ranges: readonly MainRange[]): Draft[] {
  const counts = new Map<number, number>();
  return ranges.map((range) => {
    const at = counts.get(range.component) ?? 0;
    counts.set(range.component, at + 1);
    return {
      range,
      id: `c${range.component}s${at}`,
      index: at,
      localReads: new Set<string>(),
      localWrites: new Set<string>(),
      boundaryReads: new Set<string>(),
      boundaryWrites: new Set<string>(),
      recomputes: new Set<string>(),
      recomputedNodes: new Set<number>(),
      writesOutput: false,
    };
  });
}

/** Fills in what the segments read from and write for each other; returns the boundary tensors. */
function connect(
  index: GraphIndex,
  drafts: readonly Draft[],
  componentCount: number,
  options: AssembleOptions,
): BoundaryTensor[] {
  const draftAt: Draft[] = drafts.flatMap((draft) =>
    Array.from({ length: draft.range.end - draft.range.start }, () => draft),
  );
  recompute(index, draftAt);
  const tensors: BoundaryTensor[] = [];
  for (const main of index.mainValues) {
    const from = draftAt[main.producer]!;
    const { name } = main.value;
    if (name === index.graph.output) from.writesOutput = true;
    const readers = new Set(main.users.map((user) => draftAt[user]!));
    readers.delete(from);
    const wire = wireForm(main.value, options.wireDtype);
    const consumers = new Set<number>();
    for (const reader of readers) {
      // What is on the way to a recomputed value need not come from elsewhere, and must not: a session makes a value or reads it.
      if (reader.recomputedNodes.has(index.mainNodes[main.producer]!)) continue;
      if (reader.range.component === from.range.component) {
        reader.localReads.add(name);
        from.localWrites.add(name);
      } else {
        reader.boundaryReads.add(wire.name);
        from.boundaryWrites.add(wire.name);
        consumers.add(reader.range.component);
      }
    }
    if (consumers.size === 0) continue;
    const producer = from.range.component;
    const ascending = [...consumers].sort((a, b) => a - b);
    const lagged = crossesRing(producer, ascending, options.laggedCut, componentCount);
    tensors.push({
      ...wire,
      value: name,
      dims: main.value.dims,
      producer,
      consumers: ascending,
      lag: lagged ? 2 : 1,
    });
  }
  return tensors;
}

/**
 * Gives drafts the nodes by which they make values of other components themselves. A session of nothing but such nodes (named cuts
 * can ask for one) sends what it makes, or it would be there for nothing.
 */
function recompute(index: GraphIndex, draftAt: readonly Draft[]): void {
  const near = new Set(
    index.mainValues.flatMap((main) => (main.recompute === undefined ? [] : [main.producer])),
  );
  const worthwhile = new Set(draftAt.filter((_, at) => !near.has(at)));
  for (const { value, producer, users, recompute: nodes } of index.mainValues) {
    const from = draftAt[producer]!;
    if (nodes === undefined || !worthwhile.has(from)) continue;
    for (const user of users) {
      const draft = draftAt[user]!;
      if (draft.range.component === from.range.component) continue;
      draft.recomputes.add(value.name);
      for (const node of nodes) draft.recomputedNodes.add(node);
    }
  }
}

/**
 * Whether a tensor crosses ring cut c. Around the ring the components stand at 1..N; the head of a U-shaped component N
 * stands at 0, and only a head can produce what another component reads.
 */
function crossesRing(producer: number, consumers: readonly number[], cut: number | undefined, last: number) {
  if (cut === undefined) return false;
  const place = producer === last ? 0 : producer;
  return place <= cut && consumers.some((consumer) => consumer > cut);
}

function finishSegment(index: GraphIndex, draft: Draft): Segment {
  const { graph, mainNodes } = index;
  const own = mainNodes.slice(draft.range.start, draft.range.end);
  const replicated = new Set<number>();
  for (const node of draft.recomputedNodes) if (!own.includes(node)) replicated.add(node);
  for (const node of [...own, ...replicated]) visitReplicated(index, node, replicated, () => {});
  const replicatedNodes = [...replicated].sort((a, b) => a - b);
  const nodes = replicatedNodes.length === 0 ? own : [...own, ...replicatedNodes].sort((a, b) => a - b);
  const reads = new Set<string>();
  const weights = new Set<string>();
  let costMs = 0;
  for (const at of nodes) {
    const node = graph.nodes[at]!;
    costMs += node.costMs;
    for (const name of index.graphInputs[at]!) reads.add(name);
    for (const name of node.weights) weights.add(name);
  }
  let weightBytes = 0;
  for (const name of weights) weightBytes += graph.weightBytes.get(name) ?? 0;
  return {
    id: draft.id,
    component: draft.range.component,
    index: draft.index,
    session: draft.id,
    microBatch: 0,
    nodes,
    replicatedNodes,
    readsSample: reads.has(graph.sampleInput),
    readsTimestep: reads.has(graph.timestepInput),
    conditioning: graph.inputs
      .map((input) => input.name)
      .filter((name) => name !== graph.sampleInput && name !== graph.timestepInput && reads.has(name)),
    localReads: [...draft.localReads],
    boundaryReads: [...draft.boundaryReads],
    localWrites: [...draft.localWrites],
    boundaryWrites: [...draft.boundaryWrites],
    recomputes: [...draft.recomputes],
    writesOutput: draft.writesOutput,
    costMs,
    weightBytes,
  };
}

/** A value by which `--cut` names the cut before `position`: one that is read after it, if there is one. */
function endingValue(index: GraphIndex, position: number): string {
  const outputs = index.graph.nodes[index.mainNodes[position - 1]!]!.outputs;
  const read = index.mainValues.find((main) => main.producer === position - 1);
  return read?.value.name ?? outputs[0]!;
}
