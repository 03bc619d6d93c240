import { type GraphIndex, visitReplicated } from './graph-index.js';
import type { MainValue } from './main-value.js';
import { wireBytes, type WireDType } from './wire-form.js';

/** What a stretch of main nodes, made one piece, costs. */
export interface PieceCost {
  /** Its main nodes and the replicated nodes that they need, milliseconds. */
  readonly computeMs: number;
  /** Wire bytes of the values that are made before it and read in it. */
  readonly inBytes: number;
  /** Wire bytes of the values that are made in it and read after it. */
  readonly outBytes: number;
}

/** Candidate cuts with what they cost, for the search. */
export interface CutTable {
  /** Candidate positions, ascending; the first is 0 and the last the number of main nodes. */
  readonly positions: readonly number[];
  /** The piece between candidates i and j. */
  readonly piece: (i: number, j: number) => PieceCost;
}

/** What sending it to another component takes: nothing where that makes it from the latents. */
function sentBytes({ value, recompute }: MainValue, wireDtype: WireDType): number {
  return recompute === undefined ? wireBytes(value, wireDtype) : 0;
}

/** Wire bytes that cross each position 0..mainCount: made before it, read at or after it. */
function crossingBytesAt(index: GraphIndex, wireDtype: WireDType): Float64Array {
  const count = index.mainNodes.length;
  const crossing = new Float64Array(count + 2);
  for (const main of index.mainValues) {
    const { producer, users } = main;
    const lastUser = users.at(-1);
    if (lastUser === undefined) continue;
    const bytes = sentBytes(main, wireDtype);
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
  const bytesOf = index.mainValues.map((main) => sentBytes(main, wireDtype));
  const costs = positions.map((position, i) => piecesFrom(index, bytesOf, position, positions.slice(i)));
  return {
    positions,
    piece: (i, j) => costs[i]![j - i]!,
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

/** The pieces from `start` to each of `ends` (ascending, the first may be `start` itself). */
function piecesFrom(
  index: GraphIndex,
  bytesOf: readonly number[],
  start: number,
  ends: readonly number[],
): PieceCost[] {
  const { graph, mainNodes, mainValues } = index;
  // Bytes by the position at which they begin or cease to count, so that one sweep over the ends sums them.
  const enters = new Float64Array(mainNodes.length);
  const leaves = new Float64Array(mainNodes.length + 1);
  for (const [at, { producer, users }] of mainValues.entries()) {
    const last = users.at(-1);
    if (last === undefined || last < start) continue;
    if (producer < start) {
      enters[users.find((user) => user >= start)!]! += bytesOf[at]!;
    } else {
      leaves[producer]! += bytesOf[at]!;
      leaves[last]! -= bytesOf[at]!;
    }
  }
  const seen = new Set<number>();
  let [computeMs, inBytes, outBytes] = [0, 0, 0];
  let position = start;
  return ends.map((end) => {
    for (; position < end; position++) {
      const node = mainNodes[position]!;
      computeMs += graph.nodes[node]!.costMs;
      visitReplicated(index, node, seen, (replicated) => {
        computeMs += graph.nodes[replicated]!.costMs;
      });
      inBytes += enters[position]!;
      outBytes += leaves[position]!;
    }
    return { computeMs, inBytes, outBytes };
  });
}
