import { changingInputs, type CostGraph, wantedValues } from './cost-graph.js';

/**
 * `main`: depends on the latent input and leads to the noise prediction. `replicated`: leads to it, but depends on the
 * timestep, the conditioning or constants only, so that every segment that needs it computes it: never sent, never stale.
 * `dead`: leads nowhere; in no segment.
 */
type NodeKind = 'main' | 'replicated' | 'dead';

/** The kind of each node of the graph, by node index. Nodes must be in order of execution. */
export function classifyNodes(graph: CostGraph): NodeKind[] {
  const dependent = new Set(changingInputs(graph));
  const isMain = graph.nodes.map((node) => {
    const main = node.inputs.some((name) => dependent.has(name));
    if (main) for (const name of node.outputs) dependent.add(name);
    return main;
  });
  const needed = new Set(wantedValues(graph));
  const kinds: NodeKind[] = Array.from({ length: graph.nodes.length }, () => 'dead');
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node = graph.nodes[index]!;
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    kinds[index] = isMain[index] ? 'main' : 'replicated';
  }
  return kinds;
}
