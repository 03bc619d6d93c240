import type { GraphIndex } from './graph-index.js';
import { behind } from './stretches.js';

/** Of all weights, the most that making a value from the latents may take by default. A U-Net's conv_in has a ten-thousandth. */
export const RECOMPUTED_SHARE = 0.01;
/**
 * Of the whole predictor's cost, the most it may take. conv_in takes 0.001 to 0.01: far from this limit, so that what is recomputed, and with
 * it the bits, does not depend on how costs were measured.
 */
const MAX_COST_SHARE = 0.1;

/**
 * The same index, with what components compute again instead of receiving it marked (`MainValue.recompute`): values that one node with
 * weights makes from the latents, with at most `share` of all weights. On a U-Net that is conv_in: the first skip connection, read by the last
 * block, as large to send as any and next to nothing to make. The latents are where they are needed when a round begins, so such a value
 * is fresh in every component, where AsyncDiff reads it one round old. Links play no part: the same cuts give the same bits on every cluster.
 */
export function markRecomputed(index: GraphIndex, share: number): GraphIndex {
  if (share <= 0) return index;
  const near = nearNodes(index, share);
  return {
    ...index,
    mainValues: index.mainValues.map((main) => ({ ...main, recompute: near.get(main.producer) })),
  };
}

/** By position: main nodes so near to the latents, each with all main nodes that making its outputs takes. */
function nearNodes(index: GraphIndex, share: number): Map<number, readonly number[]> {
  const { graph, mainNodes, mainValues } = index;
  const makers = new Map<number, number[]>();
  for (const { producer, users } of mainValues)
    for (const user of users) makers.set(user, [...(makers.get(user) ?? []), producer]);
  const bytesOf = (names: Iterable<string>): number => {
    let sum = 0;
    for (const name of names) sum += graph.weightBytes.get(name) ?? 0;
    return sum;
  };
  const mostBytes = share * bytesOf(graph.weightBytes.keys());
  const maxCostMs = MAX_COST_SHARE * index.totalCostMs;
  const near = new Map<number, readonly number[]>();
  for (const [position, node] of mainNodes.entries()) {
    const before = (makers.get(position) ?? []).map((maker) => near.get(maker));
    if (before.includes(undefined)) continue;
    const nodes = [...new Set([...before.flatMap((one) => one!), node])];
    const weights = nodes.map((one) => graph.nodes[one]!.weights);
    if (weights.filter(({ length }) => length > 0).length > 1 || bytesOf(new Set(weights.flat())) > mostBytes)
      continue;
    const all = new Set(nodes);
    for (const one of nodes) for (const replicated of behind(index, one)) all.add(replicated);
    let costMs = 0;
    for (const one of all) costMs += graph.nodes[one]!.costMs;
    if (costMs < maxCostMs) near.set(position, nodes);
  }
  return near;
}
