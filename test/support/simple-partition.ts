import type { BoundaryTensor, Partition, Segment } from '../../program/index.js';
import type { CostGraph } from '../../planner/search/index.js';
import { tensorBytes } from '../../common/tensor/index.js';

/**
 * The plainest correct cut, independent of planner/search/: component i ends with the i-th node of `ends` (of {@link latentNodes}). What does not depend on
 * the latents is computed again where it is needed. Shares are not computed.
 */
export function cutAt(graph: CostGraph, ends: readonly number[], wire?: 'float16'): Partition {
  const { fromSample, dependent } = latentDependence(graph);
  const producer = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) producer.set(output, index);
  });
  const limits = [...ends, graph.nodes.length - 1];
  const componentOf = (index: number): number => limits.findIndex((end) => index <= end) + 1;
  const boundary = new Map<string, { producer: number; consumers: Set<number> }>();
  const wireName = (value: string): string =>
    wire && graph.values.get(value)?.dtype === 'float32' ? `${value}:${wire}` : value;

  const parts = limits.map((_, at) => {
    const own = dependent.filter((index) => componentOf(index) === at + 1);
    const replicated = new Set<number>();
    const inputs = new Set<string>();
    const reads = new Set<string>();
    const need = (name: string): void => {
      const from = producer.get(name);
      if (from === undefined) inputs.add(name);
      else if (fromSample.has(name)) {
        if (componentOf(from) !== at + 1) reads.add(name);
      } else if (!replicated.has(from)) {
        replicated.add(from);
        graph.nodes[from]?.inputs.forEach(need);
      }
    };
    for (const index of own) graph.nodes[index]?.inputs.forEach(need);
    for (const name of reads) {
      const entry = boundary.get(name) ?? {
        producer: componentOf(producer.get(name) ?? 0),
        consumers: new Set(),
      };
      entry.consumers.add(at + 1);
      boundary.set(name, entry);
    }
    return { own, replicated, inputs, reads };
  });

  const segments = parts.map(({ own, replicated, inputs, reads }, at): Segment => {
    const nodes = [...own, ...replicated].sort((a, b) => a - b);
    return {
      id: `c${at + 1}s0`,
      component: at + 1,
      index: 0,
      session: `c${at + 1}s0`,
      microBatch: 0,
      nodes,
      replicatedNodes: [...replicated].sort((a, b) => a - b),
      readsSample: inputs.has(graph.sampleInput),
      readsTimestep: inputs.has(graph.timestepInput),
      conditioning: graph.inputs.flatMap(({ name }) =>
        inputs.has(name) && name !== graph.sampleInput && name !== graph.timestepInput ? [name] : [],
      ),
      localReads: [],
      recomputes: [],
      boundaryReads: [...reads].map(wireName),
      localWrites: [],
      boundaryWrites: [...boundary].flatMap(([name, entry]) =>
        entry.producer === at + 1 ? [wireName(name)] : [],
      ),
      writesOutput: nodes.includes(producer.get(graph.output) ?? -1),
      costMs: nodes.reduce((sum, index) => sum + (graph.nodes[index]?.costMs ?? 0), 0),
      weightBytes: 0,
    };
  });
  const boundaryTensors = [...boundary].map(([value, entry]): BoundaryTensor => {
    const { dtype, dims } = graph.values.get(value) ?? { dtype: 'float32' as const, dims: [] };
    const onWire = wireName(value) === value ? dtype : 'float16';
    return {
      name: wireName(value),
      value,
      dtype: onWire,
      dims,
      bytes: tensorBytes(onWire, dims),
      producer: entry.producer,
      consumers: [...entry.consumers],
      lag: 1,
    };
  });
  return {
    components: segments.map((segment) => ({
      index: segment.component,
      costMs: segment.costMs,
      share: 0,
      weightBytes: 0,
      nodeCount: segment.nodes.length,
    })),
    segments,
    boundaryTensors,
    cuts: ends.flatMap((end) => graph.nodes[end]?.outputs[0] ?? []),
    shape: 'sequential',
    sampleInput: graph.sampleInput,
    timestepInput: graph.timestepInput,
    output: graph.output,
    microBatches: 1,
    halves: 1,
    broadcastBytes: 0,
  };
}

/** Node indexes that split the cost of a graph into `count` even parts. */
export function evenEnds(graph: CostGraph, count: number): number[] {
  const total = graph.nodes.reduce((sum, node) => sum + node.costMs, 0);
  const ends: number[] = [];
  let sum = 0;
  graph.nodes.forEach((node, index) => {
    sum += node.costMs;
    if (ends.length < count - 1 && sum >= ((ends.length + 1) * total) / count) ends.push(index);
  });
  return ends;
}

function latentDependence(graph: CostGraph): {
  fromSample: ReadonlySet<string>;
  dependent: readonly number[];
} {
  const fromSample = new Set([graph.sampleInput]);
  const dependent = graph.nodes.flatMap((node, index) => {
    if (!node.inputs.some((name) => fromSample.has(name))) return [];
    for (const output of node.outputs) fromSample.add(output);
    return [index];
  });
  return { fromSample, dependent };
}

/** Indexes of the nodes that depend on the latents: where a component may end. */
export function latentNodes(graph: CostGraph): readonly number[] {
  return latentDependence(graph).dependent;
}
