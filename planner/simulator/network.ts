import {
  type Cluster,
  type Hop,
  hopsFrom,
  hopsServing,
  occupancyMs,
  sharedResources,
  type Sites,
  sitesOf,
  type Travelling,
} from '../../program/index.js';
import type { EventQueue } from './event-queue.js';
import { OutQueue } from './out-queue.js';
import type { TimelineSpan } from './timeline.js';

/** One version of a tensor. */
interface Message {
  /** `<name>@<version>`. */
  readonly what: string;
  readonly tensor: Travelling;
  readonly bytes: number;
  readonly round: number;
  /** When each worker waits for it; see DueTimes. */
  readonly dueMs: (worker: string) => number;
}

interface NetworkEvents {
  onSpan(span: TimelineSpan): void;
  /** A worker has it. */
  onArrival(what: string, worker: string, atMs: number): void;
}

/**
 * The ways between the processes of a simulated job. A worker's messages leave one after another, what is due first going
 * first; messages that share a receiving interface arrive one after another.
 */
export class SimulatedNetwork {
  readonly #cluster: Cluster;
  readonly #sites: Sites;
  readonly #events: EventQueue;
  readonly #handlers: NetworkEvents;
  readonly #out = new Map<string, OutQueue>();
  readonly #freeMs = new Map<string, number>();

  constructor(cluster: Cluster, events: EventQueue, handlers: NetworkEvents) {
    this.#cluster = cluster;
    this.#sites = sitesOf(cluster);
    this.#events = events;
    this.#handlers = handlers;
  }

  /** To every one of `readers`, from the worker that made it. */
  send(message: Message, from: string, readers: ReadonlySet<string>, readyMs: number): void {
    const hops = hopsServing(hopsFrom(message.tensor, from, this.#sites), readers);
    for (const hop of hops) if (hop.via === undefined) this.#hop(message, hop, hops, readyMs);
  }

  /** A noise prediction, or what is told of the round instead; `arrived` when the coordinator has it. */
  sendEps(
    step: number,
    round: number,
    worker: string,
    { readyMs, bytes }: { readonly readyMs: number; readonly bytes: number },
    arrived: (atMs: number) => void,
  ): void {
    const link = this.#cluster.coordinatorLinks(worker);
    const durationMs = occupancyMs(link, bytes);
    this.#outOf(worker).send(readyMs, Number.NEGATIVE_INFINITY, durationMs, (startMs) => {
      const span = { worker, label: `step ${step}`, round, startMs, durationMs, to: 'coordinator', bytes };
      this.#handlers.onSpan({ kind: 'eps', ...span });
      const arrivedMs = startMs + durationMs + link.latencyMs;
      this.#events.add(arrivedMs, () => arrived(arrivedMs));
    });
  }

  /** The latents of a step from the coordinator, to one worker after another. */
  sendLatents(what: string, step: number, round: number, workers: Iterable<string>, readyMs: number): void {
    const bytes = this.#cluster.latentBytes;
    for (const to of workers) {
      const link = this.#cluster.coordinatorLinks(to);
      const durationMs = occupancyMs(link, bytes);
      const startMs = Math.max(readyMs, this.#freeMs.get('out:coordinator') ?? 0);
      this.#freeMs.set('out:coordinator', startMs + durationMs);
      const span = { worker: 'coordinator', label: `step ${step}`, round, startMs, durationMs, to, bytes };
      this.#handlers.onSpan({ kind: 'latents', ...span });
      this.#handlers.onArrival(what, to, startMs + durationMs + link.latencyMs);
    }
  }

  #hop(message: Message, hop: Hop, all: readonly Hop[], readyMs: number): void {
    const { from, to } = hop;
    const { what, bytes, round, dueMs } = message;
    const link = this.#cluster.links(from, to);
    const durationMs = occupancyMs(link, bytes);
    const begin = (startMs: number): void => {
      const span = { worker: from, label: what, round, startMs, durationMs, to, bytes };
      this.#handlers.onSpan({ kind: 'transfer', ...span });
      this.#events.add(startMs + link.latencyMs, () => {
        const resources = sharedResources(this.#cluster, from, to);
        const free = resources.map((one) => this.#freeMs.get(one) ?? 0);
        const arrivedMs = Math.max(startMs + link.latencyMs, ...free) + durationMs;
        for (const resource of resources) this.#freeMs.set(resource, arrivedMs);
        this.#handlers.onArrival(what, to, arrivedMs);
        for (const next of all) {
          if (next.via !== hop) continue;
          this.#events.add(arrivedMs, () => this.#hop(message, next, all, arrivedMs));
        }
      });
    };
    // Forwarding on a host does not wait for the interface.
    if (hop.via === undefined) this.#outOf(from).send(readyMs, dueMs(to), durationMs, begin);
    else begin(readyMs);
  }

  #outOf(worker: string): OutQueue {
    const queue = this.#out.get(worker) ?? new OutQueue(this.#events);
    this.#out.set(worker, queue);
    return queue;
  }
}
