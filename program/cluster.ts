import type { Sites } from './hops.js';
import type { Segment } from './partition.js';
import type { Placement } from './placement.js';

/** A way from one process to another. */
export interface Link {
  readonly latencyMs: number;
  /** Infinity where bytes cost nothing. What serialising a byte costs is part of it. */
  readonly bytesPerSecond: number;
  /** What each message costs its sender, whatever its size, milliseconds. */
  readonly overheadMs: number;
}

export interface ClusterWorker {
  readonly id: string;
  /** Time of a task is costMs / speed. */
  readonly speed: number;
  readonly hostId: string;
}

/** The machines that a partition is placed on, as far as time is concerned. */
export interface Cluster {
  readonly workers: readonly ClusterWorker[];
  readonly placement: Placement;
  readonly links: (fromWorker: string, toWorker: string) => Link;
  /** Coordinator to worker and back: rounds and noise predictions; latents where no worker runs the sampler. */
  readonly coordinatorLinks: (worker: string) => Link;
  /** Bytes of one step's latents, and of one noise prediction. */
  readonly latentBytes: number;
  /** Time of one step of the sampler. */
  readonly samplerMs: number;
  /** What running one session costs besides its nodes. */
  readonly taskOverheadMs: number;
  /** Measured time of a segment on a worker, where known: instead of costMs / speed + taskOverheadMs. */
  readonly segmentMs?: ((worker: string, segment: string) => number | undefined) | undefined;
}

/** Rounds that the coordinator issues ahead of the one whose latents it has: they start what needs no latents. */
export const ROUNDS_AHEAD = 1;

/** Time of one run of a segment on a worker, milliseconds. */
export function taskMs(cluster: Cluster, worker: string, segment: Segment): number {
  const measured = cluster.segmentMs?.(worker, segment.id);
  if (measured !== undefined) return measured;
  const { speed } = cluster.workers.find((one) => one.id === worker) ?? { speed: 1 };
  return segment.costMs / speed + cluster.taskOverheadMs;
}

/** Time for which a message keeps its sender's network thread and interface, milliseconds. */
export function occupancyMs(link: Link, bytes: number): number {
  return link.overheadMs + (bytes / link.bytesPerSecond) * 1000;
}

/** Where the workers of a cluster stand. */
export function sitesOf({ placement, workers }: Pick<Cluster, 'placement' | 'workers'>): Sites {
  const hosts = new Map(workers.map(({ id, hostId }) => [id, hostId]));
  return { placement, hostOf: (id) => hosts.get(id) ?? id };
}

/** The receiving interfaces, and the shared ones of the hosts, that a hop goes through: each carries one message at a time. */
export function sharedResources(cluster: Cluster, from: string, to: string): string[] {
  const { hostOf } = sitesOf(cluster);
  const [source, target] = [hostOf(from), hostOf(to)];
  return source === target ? [`in:${to}`] : [`in:${to}`, `host-out:${source}`, `host-in:${target}`];
}
