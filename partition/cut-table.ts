import type { WireDType } from './assemble.js';
import { type GraphIndex, visitReplicated } from './graph-index.js';

/** Candidate cuts with what they cost, for the search. */
export interface CutTable {
  /** Candidate positions, ascending; the first is 0 and the last the number of main nodes. */
  readonly positions: readonly number[];
  /** Cost of the main nodes between candidates i and j with the replicated nodes that they need, milliseconds. */
  readonly costMs: (i: number, j: number) => number;
  /** Wire bytes of the values that are made before candidate i and read after it. */
  readonly crossingBytes: readonly number[];
}

/** Wire bytes that cross each position 0..mainCount: made before it, read at or after it. */
export function crossingBytesAt(index: GraphIndex, wireDtype: WireDType): Float64Array {
  const count = index.mainNodes.length;
  const crossing = new Float64Array(count + 2);
  for (const { value, producer, users } of index.mainValues) {
    const lastUser = users.at(-1);
    if (lastUser === undefined) continue;
    const bytes = value.dtype === 'float32' && wireDtype === 'float16' ? value.bytes / 2 : value.bytes;
    crossing[producer + 1]! += bytes;
    crossing[lastUser + 1]! -= bytes;
  }
  for (let position = 1; position <= count; position++) crossing[position]! += crossing[position - 1]!;
  return crossing;
}

/**
 * Up to about `limit` candidates: main nodes in equal shares of the cost, and in each share the position that the fewest
 * bytes cross. All positions where there are no more than `limit`.
 */
export function buildCutTable(index: GraphIndex, wireDtype: WireDType, limit: number): CutTable {
  const crossing = crossingBytesAt(index, wireDtype);
  const positions = choosePositions(index, crossing, limit);
  const size = positions.length;
  const costs = positions.map((position, i) => costsFrom(index, position, positions.slice(i)));
  return {
    positions,
    costMs: (i, j) => costs[i]![j - i]!,
    crossingBytes: Array.from({ length: size }, (_, i) => crossing[positions[i]!]!),
  };
}

function choosePositions(index: GraphIndex, crossing: Float64Array, limit: number): number[] {
  const count = index.mainNodes.length;
  if (count <= limit) return Array.from({ length: count + 1 }, (_, position) => position);
  // Half by cost, half by count, so that a graph whose cost sits in a few nodes still has cuts between the others.
  const total = index.mainNodes.reduce((sum, node) => sum + index.graph.nodes[node]!.costMs, 0);
  const cheapest = new Map<number, number>();
  let before = 0;
  for (let position = 1; position < count; position++) {
    before += index.graph.nodes[index.mainNodes[position - 1]!]!.costMs;
    const byCost = total > 0 ? before / total : 0;
    const share = Math.floor((limit / 2) * byCost) + Math.floor((limit / 2) * (position / count));
    const known = cheapest.get(share);
    if (known === undefined || crossing[position]! <= crossing[known]!) cheapest.set(share, position);
  }
  return [0, ...[...cheapest.values()].sort((a, b) => a - b), count];
}

/** Cost from `start` to each of `ends` (ascending, the first may be `start` itself). */
function costsFrom(index: GraphIndex, start: number, ends: readonly number[]): Float64Array {
  const { nodes } = index.graph;
  const costs = new Float64Array(ends.length);
  const seen = new Set<number>();
  let sum = 0;
  let position = start;
  for (const [at, end] of ends.entries()) {
    for (; position < end; position++) {
      const node = index.mainNodes[position]!;
      sum += nodes[node]!.costMs;
      visitReplicated(index, node, seen, (replicated) => {
        sum += nodes[replicated]!.costMs;
      });
    }
    costs[at] = sum;
  }
  return costs;
}
