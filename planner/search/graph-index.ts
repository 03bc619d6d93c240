import { AsyncDiffError } from '../../common/errors/index.js';
import type { MainValue } from './main-value.js';
import { broadcastBytes } from './broadcast-bytes.js';
import { changingInputs, type CostGraph, wantedValues } from './cost-graph.js';
import { classifyNodes } from './dependence.js';
import { Stretches } from './stretches.js';

/** A cost graph with the lookups that cutting it needs, made once per graph. */
export interface GraphIndex {
  readonly graph: CostGraph;
  /** Nodes on a way from the latents to the noise prediction, ascending: what is cut. A "position" indexes into it. */
  readonly mainNodes: readonly number[];
  readonly mainValues: readonly MainValue[];
  /** For each of `mainValues`: its producer, and the last position that reads it (-1 for none). */
  readonly spans: { readonly from: Int32Array; readonly to: Int32Array };
  /** Of the node that makes the noise prediction. */
  readonly outputPosition: number;
  /** Of the node that makes each value that is wanted. */
  readonly positionOf: ReadonlyMap<string, number>;
  /** For each node: the replicated nodes whose outputs it reads. */
  readonly replicatedInputs: readonly (readonly number[])[];
  /** For each node: the graph inputs that it reads. */
  readonly graphInputs: readonly (readonly string[])[];
  /** Costs and inputs of stretches of main nodes. */
  readonly stretches: Stretches;
  /** For each position: the value by which the cut behind it is named, one that is read further on if there is one. */
  readonly endings: readonly string[];
  /** Cost of one run of the whole predictor, dead nodes left out, milliseconds. */
  readonly totalCostMs: number;
  /** Bytes of all module outputs, by what float32 values are on the wire (see broadcast-bytes.ts). */
  readonly broadcastBytes: { readonly float32: number; readonly float16: number };
}

/**
 * @throws AsyncDiffError `model_invalid` if nodes are not in order of execution, `model_unsupported` if the noise
 *   prediction does not depend on the latents.
 */
export function indexGraph(graph: CostGraph): GraphIndex {
  const producer = producersInOrder(graph);
  const kinds = classifyNodes(graph);
  const mainNodes: number[] = [];
  const position = new Int32Array(graph.nodes.length).fill(-1);
  let totalCostMs = 0;
  for (const [node, kind] of kinds.entries()) {
    if (kind !== 'dead') totalCostMs += graph.nodes[node]!.costMs;
    if (kind === 'main') position[node] = mainNodes.push(node) - 1;
  }
  const wanted = new Set(wantedValues(graph));
  const positionOf = new Map<string, number>();
  for (const name of new Set([graph.output, ...wanted])) {
    const node = producer.get(name);
    if (node === undefined || kinds[node] !== 'main') throw independent(graph, name);
    positionOf.set(name, position[node]!);
  }

  const users = new Map<string, number[]>();
  const replicatedInputs = graph.nodes.map((node, index) => {
    const replicated = new Set<number>();
    for (const name of new Set(node.inputs)) {
      const from = producer.get(name);
      if (from === undefined) continue;
      if (kinds[from] === 'replicated') replicated.add(from);
      if (kinds[index] !== 'main' || kinds[from] !== 'main') continue;
      const list = users.get(name);
      if (list === undefined) users.set(name, [position[index]!]);
      else list.push(position[index]!);
    }
    return [...replicated];
  });
  const mainValues: MainValue[] = [];
  for (const node of mainNodes) {
    for (const name of graph.nodes[node]!.outputs) {
      const reads = users.get(name);
      if (reads === undefined && !wanted.has(name)) continue;
      const value = graph.values.get(name);
      if (value === undefined) throw new AsyncDiffError('model_invalid', `value ${name} has no known shape`);
      mainValues.push({ value, producer: position[node]!, users: reads ?? [] });
    }
  }
  const inputNames = new Set(graph.inputs.map((input) => input.name));
  const graphInputs = graph.nodes.map((node) => node.inputs.filter((name) => inputNames.has(name)));
  const endings = mainNodes.map((node) => graph.nodes[node]!.outputs[0]!);
  for (const { value, producer: made } of mainValues.toReversed()) endings[made] = value.name;
  const mainNames = mainNodes.map((node) => graph.nodes[node]!.name);
  return {
    graph,
    mainNodes,
    mainValues,
    spans: {
      from: Int32Array.from(mainValues, ({ producer: made }) => made),
      to: Int32Array.from(mainValues, ({ users: readers }) => readers.at(-1) ?? -1),
    },
    outputPosition: positionOf.get(graph.output)!,
    positionOf,
    replicatedInputs,
    graphInputs,
    stretches: new Stretches({ graph, mainNodes, replicatedInputs, graphInputs }),
    endings,
    totalCostMs,
    broadcastBytes: {
      float32: broadcastBytes(mainNames, mainValues, graph.output, 'float32'),
      float16: broadcastBytes(mainNames, mainValues, graph.output, 'float16'),
    },
  };
}

function independent(graph: CostGraph, output: string): AsyncDiffError {
  const inputs = changingInputs(graph);
  const of = graph.singlePass === undefined ? 'the latent input' : 'any of the inputs';
  return new AsyncDiffError(
    'model_unsupported',
    `the output ${output} does not depend on ${of} ${inputs.join(', ')}`,
  );
}

function producersInOrder(graph: CostGraph): Map<string, number> {
  const producer = new Map<string, number>();
  const known = new Set(graph.inputs.map((input) => input.name));
  for (const [index, node] of graph.nodes.entries()) {
    for (const name of node.inputs) {
      if (known.has(name)) continue;
      throw new AsyncDiffError('model_invalid', `node ${node.name} reads ${name} before it is produced`);
    }
    for (const name of node.outputs) {
      known.add(name);
      producer.set(name, index);
    }
  }
  return producer;
}
