import { type Draft, draftSegments, finishSegment } from './draft-segment.js';
import type { GraphIndex } from './graph-index.js';
import { type CutPositions, componentsOf, type MainRange, rangesOf } from './main-range.js';
import type { BoundaryTensor, Component, Partition } from '../../program/index.js';
import type { HostCopy } from './search-options.js';
import { carryStates } from './item-values.js';
import { inSendOrder } from './send-order.js';
import { localForm, wireForm, type WireForm } from './wire-form.js';
import { tensorBytes } from '../../common/tensor/index.js';

interface AssembleOptions {
  readonly form: WireForm;
  readonly hostCopy: HostCopy;
  /** The ring cut whose boundary tensors are two rounds old (see search.ts); undefined for none. */
  readonly laggedCut?: number | undefined;
  /** Whether segments list their nodes and weights: what a plan needs, and its time does not depend on. */
  readonly withNodes: boolean;
  /** The cuts' pieces split further into sessions, in order of execution; one session per piece if left out. */
  readonly ranges?: readonly MainRange[] | undefined;
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
