import type { BoundaryTensor, Segment } from './partition.js';

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
  /**
   * Workers of each component, by its index. Several only for component N: replicas; run j of a round goes to
   * replicas[j % count]. A worker that holds several components runs them one after another, in their order.
   */
  readonly placement: ReadonlyMap<number, readonly string[]>;
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

/** One message of a boundary tensor; `via` is the hop that must have arrived at `from` first (same-host forwarding). */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly via: Hop | undefined;
}

/** Workers of a component. */
export function workersOf(cluster: Pick<Cluster, 'placement'>, component: number): readonly string[] {
  const workers = cluster.placement.get(component);
  if (workers === undefined || workers.length === 0)
    throw new RangeError(`component ${component} has no worker`);
  return workers;
}

/** The worker of one run of a component: run j of component N goes to replica j modulo their number. */
export function workerOfRun(cluster: Pick<Cluster, 'placement'>, component: number, run: number): string {
  const workers = workersOf(cluster, component);
  return workers[run % workers.length]!;
}

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

/**
 * The way of a boundary tensor from the worker that made it to every other worker that holds a consumer, each once. A host
 * with several of them gets it once: its first worker passes it on.
 */
export function hopsOf(cluster: Cluster, tensor: Pick<BoundaryTensor, 'consumers'>, from: string): Hop[] {
  const readers = tensor.consumers.flatMap((component) => workersOf(cluster, component));
  return hopsTo(cluster, new Set(readers), from);
}

/** The same to these workers. */
export function hopsTo(cluster: Cluster, readers: ReadonlySet<string>, from: string): Hop[] {
  const hostOf = new Map(cluster.workers.map((worker) => [worker.id, worker.hostId]));
  const entry = new Map<string, Hop>();
  const hops: Hop[] = [];
  for (const { id: to, hostId } of cluster.workers) {
    if (to === from || !readers.has(to)) continue;
    const via = entry.get(hostId);
    const hop = { from: via?.to ?? from, to, via };
    hops.push(hop);
    if (via === undefined && hostId !== hostOf.get(from)) entry.set(hostId, hop);
  }
  return hops;
}

/** The receiving interfaces, and the shared ones of the hosts, that a hop goes through: each carries one message at a time. */
export function sharedResources(cluster: Cluster, from: string, to: string): string[] {
  const host = (id: string) => cluster.workers.find((worker) => worker.id === id)?.hostId ?? id;
  const [source, target] = [host(from), host(to)];
  return source === target ? [`in:${to}`] : [`in:${to}`, `host-out:${source}`, `host-in:${target}`];
}
