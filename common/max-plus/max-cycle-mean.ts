/** An edge of a max-plus system: event `to` of round r + length happens at least `weight` after event `from` of round r. */
export interface CycleEdge {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
  /** Rounds that it spans, an integer >= 0. */
  readonly length: number;
}

/** The cycle that limits the system. */
interface CriticalCycle {
  /** Sum of weights over sum of lengths. */
  readonly mean: number;
  /** Its edges in order: each begins where the one before ends. */
  readonly edges: readonly CycleEdge[];
}

/**
 * The maximum cycle mean (weight over length) of a graph with nodes 0..nodeCount-1: the period of the max-plus system
 * that its edges describe (Baccelli et al., Synchronization and Linearity, ch. 3). Undefined if it has no cycle.
 *
 * Cycle improvement (Dinkelbach): take a cycle's mean as the guess, look for a cycle that beats it, repeat. Each guess
 * is the mean of a real cycle, so the answer has no error but rounding.
 *
 * @throws RangeError if a cycle of length 0 has positive weight: no schedule meets it.
 */
export function maxCycleMean(nodeCount: number, edges: readonly CycleEdge[]): CriticalCycle | undefined {
  const scale = edges.reduce((most, edge) => Math.max(most, Math.abs(edge.weight)), 0);
  const tolerance = Math.max(scale, Number.MIN_VALUE) * 1e-12;
  // Below every possible mean, so that the first search finds any cycle that has a length.
  let guess = -(scale * nodeCount + 1);
  let best: CriticalCycle | undefined;
  for (;;) {
    const cycle = findPositiveCycle(nodeCount, edges, guess, tolerance);
    if (cycle === undefined) return best;
    const weight = cycle.reduce((sum, edge) => sum + edge.weight, 0);
    const length = cycle.reduce((sum, edge) => sum + edge.length, 0);
    if (length === 0) throw new RangeError('a cycle of length 0 has positive weight');
    const mean = weight / length;
    // Rounding may find the same cycle twice; the mean must grow, or this is the end.
    if (best !== undefined && mean <= best.mean) return best;
    best = { mean, edges: cycle };
    guess = mean;
  }
}

/** A cycle of positive weight under weights `weight - guess * length`, by Bellman-Ford from all nodes at once. */
function findPositiveCycle(
  nodeCount: number,
  edges: readonly CycleEdge[],
  guess: number,
  tolerance: number,
): CycleEdge[] | undefined {
  const longest = new Float64Array(nodeCount);
  const via: (CycleEdge | undefined)[] = Array.from({ length: nodeCount });
  for (let pass = 0; pass <= nodeCount; pass++) {
    let changed = false;
    for (const edge of edges) {
      const reach = longest[edge.from]! + edge.weight - guess * edge.length;
      if (reach > longest[edge.to]! + tolerance) {
        longest[edge.to] = reach;
        via[edge.to] = edge;
        changed = true;
      }
    }
    if (!changed) return undefined;
    const cycle = cycleOf(nodeCount, via);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** A cycle among the `via` edges, each of which leads into its node. */
function cycleOf(nodeCount: number, via: readonly (CycleEdge | undefined)[]): CycleEdge[] | undefined {
  const seenBy = new Int32Array(nodeCount).fill(-1);
  for (let root = 0; root < nodeCount; root++) {
    let node = root;
    while (seenBy[node] === -1) {
      seenBy[node] = root;
      const edge = via[node];
      if (edge === undefined) break;
      node = edge.from;
    }
    if (seenBy[node] !== root || via[node] === undefined) continue;
    const cycle: CycleEdge[] = [];
    let at = node;
    do {
      const edge = via[at]!;
      cycle.push(edge);
      at = edge.from;
    } while (at !== node);
    return cycle.reverse();
  }
  return undefined;
}
