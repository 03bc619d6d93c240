import type { CostGraph } from '../../planner/search/index.js';
import type { Partition, Segment } from '../../program/index.js';

/** Values as formulas: what a node computes is written out as text, so that equal text means the same computation. */
export type Formulas = Map<string, string>;

function runNodes(graph: CostGraph, nodes: readonly number[], known: Formulas): void {
  for (const at of nodes) {
    const node = graph.nodes[at]!;
    const inputs = node.inputs.map((name) => {
      const formula = known.get(name);
      if (formula === undefined) throw new Error(`${node.name} reads ${name}, which is not there`);
      return formula;
    });
    // Hashed, because the formulas of a deep graph would not fit.
    for (const name of node.outputs) known.set(name, hash(`${node.name}(${inputs.join(',')})->${name}`));
  }
}

function hash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x1234567];
  for (let at = 0; at < text.length; at++) {
    a = Math.imul(a ^ text.charCodeAt(at), 0x01000193);
    b = Math.imul(b + text.charCodeAt(at), 0x5bd1e995) ^ (b >>> 13);
  }
  return `${a >>> 0}.${b >>> 0}`;
}

/** The prediction of the whole graph. */
export function wholeFormula(graph: CostGraph): string {
  const known: Formulas = new Map(graph.inputs.map(({ name }) => [name, name]));
  runNodes(
    graph,
    graph.nodes.map((_, at) => at),
    known,
  );
  return known.get(graph.output)!;
}

/** Runs one segment on exactly the inputs that it declares; returns what it declares to write, and the prediction. */
export function runSegment(
  graph: CostGraph,
  partition: Partition,
  segment: Segment,
  read: (name: string) => string | undefined,
): Formulas {
  const known: Formulas = new Map();
  const give = (inside: string, outside: string) => {
    const formula = read(outside);
    if (formula === undefined) throw new Error(`${segment.id} reads ${outside}, which is not there`);
    known.set(inside, formula);
  };
  const valueOf = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor.value]));
  if (segment.readsSample) give(graph.sampleInput, graph.sampleInput);
  if (segment.readsTimestep) give(graph.timestepInput, graph.timestepInput);
  for (const name of segment.conditioning) give(name, name);
  for (const name of segment.localReads) give(name, `local ${name}`);
  for (const name of segment.boundaryReads) give(valueOf.get(name)!, name);
  runNodes(graph, segment.nodes, known);
  const written: Formulas = new Map();
  for (const name of segment.localWrites) written.set(`local ${name}`, known.get(name)!);
  for (const name of segment.boundaryWrites) written.set(name, known.get(valueOf.get(name)!)!);
  if (segment.writesOutput) written.set(graph.output, known.get(graph.output)!);
  return written;
}
