import type { CostGraph } from '../search/index.js';
import type { Partition, Segment } from '../../program/index.js';

/**
 * A whole graph as one component of consecutive segments of about the same cost, nothing replicated: what is timed to see
 * how the cost is spread. At most `count` segments.
 */
export function cutIntoChunks(graph: CostGraph, count: number): Partition {
  const chunkOf = assignChunks(graph, count);
  const chunks = (chunkOf.at(-1) ?? 0) + 1;
  const producer = new Map<string, number>();
  const lastReader = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const name of node.inputs) lastReader.set(name, chunkOf[index] ?? 0);
    for (const name of node.outputs) producer.set(name, chunkOf[index] ?? 0);
  });
  const graphInputs = graph.inputs.map((input) => input.name);

  const segments = Array.from({ length: chunks }, (_, chunk): Segment => {
    const nodes = graph.nodes.flatMap((_, index) => (chunkOf[index] === chunk ? [index] : []));
    const own = nodes.flatMap((index) => graph.nodes[index] ?? []);
    const reads = new Set(own.flatMap((node) => node.inputs));
    return {
      id: `chunk${chunk}`,
      component: 1,
      index: chunk,
      session: `chunk${chunk}`,
      microBatch: 0,
      nodes,
      replicatedNodes: [],
      recomputes: [],
      readsSample: reads.has(graph.sampleInput),
      readsTimestep: reads.has(graph.timestepInput),
      conditioning: graphInputs.filter(
        (name) => reads.has(name) && name !== graph.sampleInput && name !== graph.timestepInput,
      ),
      localReads: [...reads].filter((name) => (producer.get(name) ?? chunk) < chunk),
      boundaryReads: [],
      localWrites: own.flatMap((node) => node.outputs.filter((name) => (lastReader.get(name) ?? -1) > chunk)),
      boundaryWrites: [],
      writesOutput: producer.get(graph.output) === chunk,
      costMs: own.reduce((sum, node) => sum + node.costMs, 0),
      weightBytes: 0,
    };
  });
  return {
    components: [],
    segments,
    boundaryTensors: [],
    cuts: [],
    shape: 'sequential',
    sampleInput: graph.sampleInput,
    timestepInput: graph.timestepInput,
    output: graph.output,
    microBatches: 1,
    broadcastBytes: 0,
  };
}

/** Chunk of each node, from 0 without gaps. */
function assignChunks(graph: CostGraph, count: number): number[] {
  const total = graph.nodes.reduce((sum, node) => sum + node.costMs, 0);
  let spent = 0;
  let chunk = -1;
  let place = -1;
  return graph.nodes.map((node) => {
    // By the middle of the node, so that a heavy one does not start a chunk that it then overfills.
    const at = Math.min(count - 1, Math.floor(((spent + node.costMs / 2) / (total || 1)) * count));
    spent += node.costMs;
    if (at > place) {
      place = at;
      chunk++;
    }
    return chunk;
  });
}
