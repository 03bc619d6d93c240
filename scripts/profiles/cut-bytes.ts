import type { CostGraph } from '../../planner/search/index.js';

/** Names of the values that depend on the latents: only these are ever sent. */
export function sampleDependent(graph: CostGraph): ReadonlySet<string> {
  const dependent = new Set([graph.sampleInput]);
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => dependent.has(input))) {
      for (const output of node.outputs) dependent.add(output);
    }
  }
  return dependent;
}

/** Bytes per round of the boundary tensors when node i belongs to component `assignment[i]`. */
export function boundaryBytes(graph: CostGraph, assignment: readonly number[]): number {
  return boundaryMeter(graph)(assignment);
}

/**
 * {@link boundaryBytes} for many assignments of one graph: each value that depends on the latents, once for every other
 * component that reads it. Graph inputs are not boundary tensors.
 */
export function boundaryMeter(graph: CostGraph): (assignment: readonly number[]) => number {
  const dependent = sampleDependent(graph);
  const readersOf = new Map<string, number[]>();
  for (const [index, { inputs }] of graph.nodes.entries())
    for (const name of new Set(inputs)) readersOf.set(name, [...(readersOf.get(name) ?? []), index]);
  const sendable = graph.nodes.flatMap(({ outputs }, producer) =>
    outputs
      .filter((name) => dependent.has(name))
      .map((name) => ({
        producer,
        readers: readersOf.get(name) ?? [],
        bytes: graph.values.get(name)?.bytes ?? 0,
      })),
  );
  return (assignment) => {
    let sum = 0;
    for (const { producer, readers, bytes } of sendable) {
      // A bit for each component that has the value.
      let having = 1 << (assignment[producer] ?? 0);
      for (const reader of readers) {
        const bit = 1 << (assignment[reader] ?? 0);
        if ((having & bit) === 0) sum += bytes;
        having |= bit;
      }
    }
    return sum;
  };
}

/** Cost of each component over the cost of all nodes; index 0 is component 1. */
export function componentShares(graph: CostGraph, assignment: readonly number[]): number[] {
  const count = Math.max(...assignment);
  const shares = Array.from({ length: count }, () => 0);
  const total = graph.nodes.reduce((sum, node) => sum + node.costMs, 0);
  graph.nodes.forEach((node, index) => {
    const component = (assignment[index] ?? 1) - 1;
    shares[component] = (shares[component] ?? 0) + node.costMs / total;
  });
  return shares;
}
