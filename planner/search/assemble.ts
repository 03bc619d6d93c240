import type { GraphIndex } from './graph-index.js';
import { type CutPositions, componentsOf, type MainRange, rangesOf } from './main-range.js';
import type { BoundaryTensor, Component, Partition, Segment } from '../../program/index.js';
import type { HostCopy } from './search-options.js';
import { changingInputs } from './cost-graph.js';
import { carryStates, type ItemDraft, itemValues } from './item-values.js';
import { inSendOrder } from './send-order.js';
import { behind } from './stretches.js';
import { localForm, wireForm, type WireForm } from './wire-form.js';
import { tensorBytes } from '../../common/tensor/index.js';

export interface AssembleOptions {
  readonly form: WireForm;
  readonly hostCopy: HostCopy;
  /** The ring cut whose boundary tensors are two rounds old (see search.ts); undefined for none. */
  readonly laggedCut?: number | undefined;
  /** Whether segments list their nodes and weights: what a plan needs, and its time does not depend on. */
  readonly withNodes: boolean;
  /** The cuts' pieces split further into sessions, in order of execution; one session per piece if left out. */
  readonly ranges?: readonly MainRange[] | undefined;
}

/** A segment while it is being built. */
interface Draft extends ItemDraft {
  readonly id: string;
  readonly index: number;
  readonly localReads: Set<string>;
  readonly localWrites: Set<string>;
  readonly boundaryReads: Set<string>;
  /** Values of other components that it makes from the latents, and all nodes that this takes. */
  readonly recomputes: Set<string>;
  readonly recomputedNodes: Set<number>;
  writesOutput: boolean;
  /** Of its reads and writes, those that pass the host's memory. */
  copiedBytes: number;
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
    drafts.map((draft) => finishSegment(index, draft, options)),
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
    cuts: cuts.positions.map((position) => index.endings[position - 1]!),
    shape: cuts.shape,
    sampleInput: graph.sampleInput,
    timestepInput: graph.timestepInput,
    output: graph.output,
    ...(graph.singlePass === undefined ? {} : { carried: graph.singlePass.states }),
    microBatches: 1,
    halves: 1,
    broadcastBytes: index.broadcastBytes[options.form === 'float16' ? 'float16' : 'float32'],
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
      copiedBytes: 0,
      outputs: [],
      states: [],
      carries: [],
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
  const draftAt: Draft[] = [];
  for (const draft of drafts)
    for (let at = draft.range.start; at < draft.range.end; at++) draftAt.push(draft);
  recompute(index, drafts, draftAt);
  draftAt[index.outputPosition]!.writesOutput = true;
  const tensors: BoundaryTensor[] = [];
  const { spans, mainValues } = index;
  for (let at = 0; at < mainValues.length; at++) {
    const from = draftAt[spans.from[at]!]!;
    // Most values are read where they are made.
    if (spans.to[at]! < from.range.end) continue;
    const main = mainValues[at]!;
    const { name } = main.value;
    const readers = new Set(main.users.map((user) => draftAt[user]!));
    readers.delete(from);
    const wire = wireForm(main.value, options.form);
    const consumers = new Set<number>();
    for (const reader of readers) {
      // What is on the way to a recomputed value need not come from elsewhere, and must not: a session makes a value or reads it.
      if (reader.recomputedNodes.has(index.mainNodes[main.producer]!)) continue;
      if (reader.range.component === from.range.component) {
        const local = localForm(main.value, options.form);
        const bytes = options.hostCopy.includesLocal ? tensorBytes(local.dtype, main.value.dims) : 0;
        reader.copiedBytes += bytes;
        if (!from.localWrites.has(local.name)) from.copiedBytes += bytes;
        reader.localReads.add(local.name);
        from.localWrites.add(local.name);
      } else {
        reader.boundaryReads.add(wire.name);
        reader.copiedBytes += wire.bytes;
        from.boundaryWrites.add(wire.name);
        consumers.add(reader.range.component);
      }
    }
    if (consumers.size === 0) continue;
    from.copiedBytes += wire.bytes;
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
  return carryStates(index, drafts, draftAt, tensors);
}

/**
 * Gives drafts the nodes by which they make values of other components themselves. A session of nothing but such nodes (named cuts
 * can ask for one) sends what it makes, or it would be there for nothing.
 */
function recompute(index: GraphIndex, drafts: readonly Draft[], draftAt: readonly Draft[]): void {
  const nearValues = index.mainValues.filter((main) => main.recompute !== undefined);
  const near = [...new Set(nearValues.map(({ producer }) => producer))];
  const worthwhile = new Set(
    drafts.filter(({ range: { start, end } }) => {
      const inside = near.filter((position) => position >= start && position < end);
      return inside.length < end - start;
    }),
  );
  for (const { value, producer, users, recompute: nodes } of nearValues) {
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

function finishSegment(index: GraphIndex, draft: Draft, { withNodes, hostCopy }: AssembleOptions): Segment {
  const { graph, stretches } = index;
  const { start, end } = draft.range;
  const extra = extraNodes(index, draft);
  let costMs = stretches.costMs(start, end);
  for (const node of extra) costMs += graph.nodes[node]!.costMs;
  const extraReads = new Set([...extra].flatMap((node) => index.graphInputs[node]!));
  const reads = (name: string): boolean => stretches.reads(name, start, end) || extraReads.has(name);
  if (hostCopy.msPerByte > 0) {
    let { copiedBytes } = draft;
    for (const { name, bytes } of graph.inputs) if (reads(name)) copiedBytes += bytes;
    if (draft.writesOutput) copiedBytes += graph.values.get(graph.output)?.bytes ?? 0;
    costMs += copiedBytes * hostCopy.msPerByte;
  }
  const isFed = new Set([...changingInputs(graph), graph.timestepInput]);
  return {
    id: draft.id,
    component: draft.range.component,
    index: draft.index,
    session: draft.id,
    microBatch: 0,
    ...(withNodes ? nodesOf(index, draft, extra) : NO_NODES),
    readsSample: reads(graph.sampleInput),
    readsTimestep: reads(graph.timestepInput),
    conditioning: graph.inputs.map((input) => input.name).filter((name) => !isFed.has(name) && reads(name)),
    localReads: [...draft.localReads],
    boundaryReads: [...draft.boundaryReads],
    localWrites: [...draft.localWrites],
    boundaryWrites: [...draft.boundaryWrites],
    recomputes: [...draft.recomputes],
    writesOutput: draft.writesOutput,
    ...(graph.singlePass === undefined ? {} : { item: itemValues(draft, graph.singlePass, reads) }),
    costMs,
  };
}

const NO_NODES: Pick<Segment, 'nodes' | 'replicatedNodes' | 'weightBytes'> = Object.freeze({
  nodes: [],
  replicatedNodes: [],
  weightBytes: 0,
});

/** What a draft computes for values of other components, beyond what its own stretch computes anyway. */
function extraNodes(index: GraphIndex, { range: { start, end }, recomputedNodes }: Draft): Set<number> {
  const extra = new Set<number>();
  if (recomputedNodes.size === 0) return extra;
  const [first, last] = [index.mainNodes[start]!, index.mainNodes[end - 1]!];
  for (const node of recomputedNodes) {
    if (node < first || node > last) extra.add(node);
    for (const one of behind(index, node)) if (!index.stretches.needs(one, start, end)) extra.add(one);
  }
  return extra;
}

function nodesOf(
  { graph, mainNodes, stretches }: GraphIndex,
  { range: { start, end } }: Draft,
  extra: ReadonlySet<number>,
): Pick<Segment, 'nodes' | 'replicatedNodes' | 'weightBytes'> {
  const replicatedNodes = [...new Set([...stretches.replicated(start, end), ...extra])].sort((a, b) => a - b);
  const nodes = [...mainNodes.slice(start, end), ...replicatedNodes].sort((a, b) => a - b);
  const weights = new Set(nodes.flatMap((node) => graph.nodes[node]!.weights));
  let weightBytes = 0;
  for (const name of weights) weightBytes += graph.weightBytes.get(name) ?? 0;
  return { nodes, replicatedNodes, weightBytes };
}
