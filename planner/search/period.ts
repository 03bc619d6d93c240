import { type CycleEdge, maxCycleMean } from '../../common/max-plus/index.js';
import { aheadOf, type Cluster, isLastComponent, taskMs, workerOfRun } from '../../program/index.js';
import { buildEventGraph, type LagOf } from './event-graph.js';
import type { EventKind } from './period-system.js';
import type { Partition } from '../../program/index.js';

/** One event of the cycle that limits a plan, and what it adds to the cycle, milliseconds. */
export interface CriticalEvent {
  readonly kind: EventKind;
  readonly label: string;
  /** Its duration, and the latency of the link that leads from it to the next event. */
  readonly durationMs: number;
}

export interface PredictedPeriod {
  /** Time of one asynchronous round in steady state, milliseconds. */
  readonly periodMs: number;
  /** The cycle that determines it: its durations over `criticalRounds` are the period. */
  readonly criticalCycle: readonly CriticalEvent[];
  readonly criticalRounds: number;
  /** The busiest worker's compute per round, milliseconds: the period that a free network would give. */
  readonly computeMs: number;
}

/**
 * The period of asynchronous rounds: the maximum cycle mean of the plan's max-plus system (docs/reference/simulator.md). Where several senders
 * share a receiving interface or a host's, only its total load is counted, so it is then a lower bound; else it is exact.
 */
export function predictPeriod(
  partition: Partition,
  cluster: Cluster,
  settings: { readonly stride: number; readonly lookAhead?: boolean | undefined },
): PredictedPeriod {
  const lagOf = settings.lookAhead === true ? lookingAhead(partition) : undefined;
  const { events, edges } = buildEventGraph(partition, cluster, settings.stride, lagOf, settings.lookAhead);
  const critical = maxCycleMean(events.length, edges);
  if (critical === undefined) throw new RangeError('a plan has at least one worker');
  const entry = (edge: CycleEdge): CriticalEvent => {
    const { kind, label } = events[edge.from]!;
    return { kind, label, durationMs: edge.weight };
  };
  return {
    periodMs: critical.mean,
    criticalCycle: critical.edges.map(entry),
    criticalRounds: critical.edges.reduce((sum, edge) => sum + edge.length, 0),
    computeMs: busiestMs(partition, cluster, settings.stride),
  };
}

/** With look-ahead a tensor is read so many rounds after it was made as its maker looks further ahead than its reader. */
function lookingAhead(partition: Partition): LagOf {
  const ahead = aheadOf(partition);
  const makers = new Map(
    partition.segments.flatMap(({ id, boundaryWrites }) =>
      boundaryWrites.map((name): [string, number] => [name, ahead.get(id) ?? 0]),
    ),
  );
  return ({ name }, reader) => (makers.get(name) ?? 0) - (ahead.get(reader.id) ?? 0);
}

/** What the period comes to if every wait for a boundary tensor is hidden: compute, link loads and the way of the latents remain. */
export function hiddenPeriodMs(partition: Partition, cluster: Cluster, stride: number): number {
  const { events, edges } = buildEventGraph(partition, cluster, stride, () => LONG_LAG);
  return maxCycleMean(events.length, edges)?.mean ?? 0;
}

/** So many rounds that a cycle through it never limits. */
const LONG_LAG = 1000;

function busiestMs(partition: Partition, cluster: Cluster, stride: number): number {
  const loads = new Map<string, number>();
  for (const segment of partition.segments) {
    const runs = isLastComponent(partition, segment.component) ? stride : 1;
    for (let run = 0; run < runs; run++) {
      const worker = workerOfRun(cluster.placement, segment.component, run);
      loads.set(worker, (loads.get(worker) ?? 0) + taskMs(cluster, worker, segment));
    }
  }
  return Math.max(...loads.values());
}
