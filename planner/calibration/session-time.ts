/** What one run of a session took on a worker that has it open. */
export interface SessionTime {
  /** Place of the worker in the plan's request. */
  readonly worker: number;
  /** The session's nodes: first and last index of each run of consecutive `CostGraph.nodes`. */
  readonly nodes: readonly NodeRange[];
  readonly ms: number;
}

type NodeRange = readonly [first: number, last: number];

/** Ascending indexes as ranges. */
export function toRanges(nodes: readonly number[]): NodeRange[] {
  const ranges: [number, number][] = [];
  for (const node of nodes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === node - 1) last[1] = node;
    else ranges.push([node, node]);
  }
  return ranges;
}
