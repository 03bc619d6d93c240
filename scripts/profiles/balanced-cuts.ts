import type { CostGraph } from '../../planner/search/index.js';
import { boundaryMeter } from './cut-bytes.js';
import { assignByCuts, type NodeCuts } from './official-splits.js';

/** A cut whose largest share is within this factor of the best balance is taken if it sends fewer bytes. */
const BALANCE_SLACK = 1.03;

/** Cut positions tried around each ideal one. */
const CANDIDATES = 6;

interface BalancedCut extends NodeCuts {
  readonly maxShare: number;
  /** Bytes per round over all boundary tensors. */
  readonly bytes: number;
}

/**
 * The cut into `components` parts with the fewest bytes among those within 3 % of the best balance: `sequential`, or
 * `u-shaped` with the head of the predictor in the last component.
 */
export function balancedCut(
  graph: CostGraph,
  components: number,
  shape: 'sequential' | 'u-shaped',
): BalancedCut {
  const prefix = [0];
  for (const node of graph.nodes) prefix.push((prefix.at(-1) ?? 0) + node.costMs);
  const total = prefix.at(-1) ?? 0;
  const heads =
    shape === 'sequential'
      ? [0]
      : prefix.flatMap((cost, end) => (end > 0 && cost < total / components ? [end] : []));
  const cuts = heads.flatMap((headEnd) => candidates(prefix, headEnd, components));
  const best = cuts.reduce((least, cut) => Math.min(least, cut.maxShare), 1);
  const bytesOf = boundaryMeter(graph);
  const balanced = cuts
    .filter((cut) => cut.maxShare <= best * BALANCE_SLACK)
    .map((cut) => ({ ...cut, bytes: bytesOf(assignByCuts(graph, cut)) }));
  return balanced.reduce((least, cut) => (cut.bytes < least.bytes ? cut : least));
}

/** Every combination of the cut positions nearest to the ideal ones, with its largest share. */
function candidates(
  prefix: readonly number[],
  headEnd: number,
  components: number,
): (NodeCuts & { maxShare: number })[] {
  const total = prefix.at(-1) ?? 0;
  const start = prefix[headEnd] ?? 0;
  let ends: number[][] = [[]];
  for (let component = 1; component < components; component++) {
    const near = nearest(prefix, start + (component * total) / components, headEnd);
    ends = ends.flatMap((list) =>
      near.filter((end) => end > (list.at(-1) ?? headEnd)).map((end) => [...list, end]),
    );
  }
  return ends.map((list) => {
    const costs = list.map((end, i) => (prefix[end] ?? 0) - (prefix[list[i - 1] ?? headEnd] ?? 0));
    const middle = costs.reduce((sum, cost) => sum + cost, 0);
    return { headEnd, ends: list, maxShare: Math.max(...costs, total - middle) / total };
  });
}

function nearest(prefix: readonly number[], target: number, after: number): number[] {
  const distance = (end: number): number => Math.abs((prefix[end] ?? 0) - target);
  let from = after + 1;
  while (from < prefix.length - 1 && (prefix[from] ?? 0) < target) from++;
  const window = Array.from({ length: 2 * CANDIDATES }, (_, i) => from - CANDIDATES + i);
  return window
    .filter((end) => end > after && end < prefix.length - 1)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, CANDIDATES);
}
