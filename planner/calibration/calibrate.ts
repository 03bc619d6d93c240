import { median } from '../../common/statistics/index.js';
import type { CostGraph } from '../search/index.js';
import type { SessionTime } from './session-time.js';
import { solveSymmetric } from './solve.js';

/** What measured times say of a plan's devices and of its costs. */
interface FittedTimes {
  /** Of each worker, in the request's order: a node takes `cost * factor / speed` milliseconds there. */
  readonly speeds: readonly number[];
  /** Of each node's cost. */
  readonly factors: Float64Array;
}

interface CalibrateOptions {
  /** What is thought of the workers beside each other before anything was measured. */
  readonly speeds: readonly number[];
  /** The costs are what the devices take by definition, but for their speeds: declared devices. */
  readonly costsAreExact?: boolean | undefined;
}

/** Relative difference of times that are measured twice. */
const TIME_ERROR = 0.02;
/** Milliseconds that a run takes besides its nodes: most of a short session's time. */
const RUN_ERROR_MS = 0.1;
/** How far the cost model is off for a stretch of nodes (docs/benchmarks.md), as a logarithm. */
const COST_ERROR = 0.2;
/** How far the speed of a device is from what is thought of it, as a logarithm: an integrated GPU beside a large one is off by 3. */
const SPEED_ERROR = 2;
/** Steps of Gauss's and Newton's method; from here on they change the seventh decimal. */
const STEPS = 12;

/**
 * The speeds and factors by which the plan's costs explain the measured times best (least squares of logarithms, with what is known of each kind of
 * error). One turn of times cannot tell a slow device from nodes that cost more than was thought: most of a difference is then the device's.
 * After another cut some nodes were timed on both sides of it, and the answer follows from the times. Either way
 * the sessions that were timed come out as measured.
 */
export function calibrate(
  { nodes }: Pick<CostGraph, 'nodes'>,
  times: readonly SessionTime[],
  { speeds, costsAreExact = false }: CalibrateOptions,
): FittedTimes {
  const costs = nodes.map(({ costMs }) => costMs);
  const cells = cellsOf(times, costs);
  const usable = times.flatMap((time, at): Timed[] => {
    const own = cells.ofTime[at]!;
    const costMs = own.reduce((sum, cell) => sum + cells.costMs[cell]!, 0);
    return costMs > 0 && time.ms > 0 ? [{ worker: time.worker, ms: time.ms, cells: own, costMs }] : [];
  });
  if (usable.length === 0) return { speeds, factors: new Float64Array(nodes.length).fill(1) };
  // The unit of the costs: what a device of speed 1 takes for a millisecond of cost.
  const unit = median(usable.map(({ worker, ms, costMs }) => Math.log(costMs / ms / (speeds[worker] ?? 1))));
  const expected = speeds.map((speed) => Math.log(speed) + unit);
  const fitted = fit(
    usable,
    expected,
    costsAreExact ? cells.costMs.map(() => 0) : cells.costMs,
    cells.costMs,
  );
  const factors = new Float64Array(nodes.length).fill(1);
  if (!costsAreExact)
    cells.ofNode.forEach((cell, node) => {
      if (cell >= 0) factors[node] = Math.exp(fitted.cells[cell]!);
    });
  return { speeds: fitted.speeds.map(Math.exp), factors };
}

/** The graph as a calibration has its costs. */
export function scaleCosts(graph: CostGraph, { factors }: Pick<FittedTimes, 'factors'>): CostGraph {
  const nodes = graph.nodes.map((node, at) => ({ ...node, costMs: node.costMs * (factors[at] ?? 1) }));
  return { ...graph, nodes };
}

interface Timed {
  readonly worker: number;
  readonly ms: number;
  readonly cells: readonly number[];
  readonly costMs: number;
}

/** Nodes that were always timed together. */
interface Cells {
  readonly costMs: readonly number[];
  /** Cells of each time. */
  readonly ofTime: readonly (readonly number[])[];
  /** Cell of each node; -1 for a node that no time has. */
  readonly ofNode: Int32Array;
}

function cellsOf(times: readonly SessionTime[], costs: readonly number[]): Cells {
  const timesOf: number[][] = costs.map(() => []);
  times.forEach(({ nodes }, at) => {
    for (const [first, last] of nodes) for (let node = first; node <= last; node++) timesOf[node]?.push(at);
  });
  const byTimes = new Map<string, number>();
  const costMs: number[] = [];
  const ofTime: number[][] = times.map(() => []);
  const ofNode = new Int32Array(costs.length).fill(-1);
  timesOf.forEach((own, node) => {
    if (own.length === 0) return;
    const key = own.join(' ');
    let cell = byTimes.get(key);
    if (cell === undefined) {
      cell = costMs.push(0) - 1;
      byTimes.set(key, cell);
      for (const at of own) ofTime[at]!.push(cell);
    }
    costMs[cell]! += costs[node]!;
    ofNode[node] = cell;
  });
  return { costMs, ofTime, ofNode };
}

/** Logarithms of the speeds and of the cells' factors. `loose`: cells with 0 keep their cost. */
function fit(
  times: readonly Timed[],
  expected: readonly number[],
  loose: readonly number[],
  costMs: readonly number[],
): { readonly speeds: number[]; readonly cells: number[] } {
  const workers = expected.length;
  const size = workers + costMs.length;
  const x = new Float64Array(size);
  x.set(expected);
  const prior = (at: number): number =>
    at < workers ? 1 / SPEED_ERROR ** 2 : (loose[at - workers] ?? 0) > 0 ? 1 / COST_ERROR ** 2 : 1e12;
  for (let step = 0; step < STEPS; step++) {
    const matrix = Array.from({ length: size }, (_, at) => {
      const row = new Float64Array(size);
      row[at] = prior(at);
      return row;
    });
    const right = Float64Array.from(x, (value, at) => prior(at) * ((expected[at] ?? 0) - value));
    for (const { worker, ms, cells } of times) {
      const parts = cells.map((cell) => costMs[cell]! * Math.exp(x[workers + cell]!));
      const cost = parts.reduce((sum, part) => sum + part, 0);
      const weight = 1 / (TIME_ERROR ** 2 + (RUN_ERROR_MS / ms) ** 2);
      const missing = Math.log(ms) - (Math.log(cost) - x[worker]!);
      // How the logarithm of the time follows from each unknown.
      const slopes: [number, number][] = [
        [worker, -1],
        ...cells.map((cell, at): [number, number] => [workers + cell, parts[at]! / cost]),
      ];
      for (const [i, slope] of slopes) {
        right[i]! += weight * slope * missing;
        for (const [j, other] of slopes) matrix[i]![j]! += weight * slope * other;
      }
    }
    const change = solveSymmetric(matrix, right);
    for (let at = 0; at < size; at++) x[at]! += change[at]!;
  }
  return { speeds: [...x.subarray(0, workers)], cells: [...x.subarray(workers)] };
}
