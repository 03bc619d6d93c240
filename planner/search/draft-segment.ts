import type { Segment } from '../../program/index.js';
import { changingInputs } from './cost-graph.js';
import type { GraphIndex } from './graph-index.js';
import { type ItemDraft, itemValues } from './item-values.js';
import type { MainRange } from './main-range.js';
import type { HostCopy } from './search-options.js';
import { behind } from './stretches.js';

/** A segment while it is being built. */
export interface Draft extends ItemDraft {
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

/** A draft of each range, which reads and writes nothing yet. */
export function draftSegments(ranges: readonly MainRange[]): Draft[] {
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

/** The segment of a draft in which all is filled in. */
export function finishSegment(
  index: GraphIndex,
  draft: Draft,
  { withNodes, hostCopy }: { readonly withNodes: boolean; readonly hostCopy: HostCopy },
): Segment {
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
