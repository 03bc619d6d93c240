import {
  type BoundaryTensor,
  type Cluster,
  DueTimes,
  type Hop,
  hopsFrom,
  hopsServing,
  isLastComponent,
  occupancyMs,
  type Partition,
  sharedResources,
  sitesOf,
  workersOf,
} from '../../program/index.js';
import type { PeriodSystem } from './period-system.js';

/** What travels from its maker to its readers. */
export type Sent = Pick<BoundaryTensor, 'name' | 'bytes' | 'producer' | 'consumers'>;

/** A message that the maker's own worker sends. */
interface OwnMessage {
  readonly event: number;
  readonly dueMs: number;
}

/** The ways of tensors through a period system: the messages that carry them, and after which event each worker has them. */
export class TensorWays {
  readonly #system: PeriodSystem;
  readonly #partition: Partition;
  readonly #cluster: Cluster;
  readonly #stride: number;
  readonly #dues: DueTimes;
  /** For `<tensor> <worker>`: the event after which the worker has the tensor, and the latency that follows it. */
  readonly #arrival = new Map<string, { event: number; latencyMs: number }>();

  constructor(system: PeriodSystem, partition: Partition, cluster: Cluster, stride: number) {
    this.#system = system;
    this.#partition = partition;
    this.#cluster = cluster;
    this.#stride = stride;
    this.#dues = new DueTimes(partition, cluster.placement);
  }

  /** The way of what a task makes to everyone who reads it; returns the messages that its own worker sends. */
  send(task: { readonly worker: string; readonly done: number }, what: Sent): OwnMessage[] {
    const { name, bytes } = what;
    this.#arrival.set(`${name} ${task.worker}`, { event: task.done, latencyMs: 0 });
    const hopEvents = new Map<Hop, number>();
    const own: OwnMessage[] = [];
    const readers = what.consumers.flatMap((component) => this.#holders(component));
    const hops = hopsFrom(what, task.worker, sitesOf(this.#cluster));
    for (const hop of hopsServing(hops, new Set(readers))) {
      const link = this.#cluster.links(hop.from, hop.to);
      const busyMs = occupancyMs(link, bytes);
      const event = this.#system.event('transfer', `${name} ${hop.from}>${hop.to}`, busyMs);
      hopEvents.set(hop, event);
      this.#arrival.set(`${name} ${hop.to}`, { event, latencyMs: link.latencyMs });
      for (const resource of sharedResources(this.#cluster, hop.from, hop.to))
        this.#system.occupy(resource, busyMs);
      if (hop.via === undefined) {
        this.#system.edge(task.done, event, 0, 0);
        own.push({ event, dueMs: this.#dues.of(name, hop.to).asyncMs });
      } else {
        const { latencyMs } = this.#cluster.links(hop.via.from, hop.via.to);
        this.#system.edge(hopEvents.get(hop.via)!, event, latencyMs, 0);
      }
    }
    return own;
  }

  /** A task waits for a tensor of so many rounds before. */
  await(name: string, task: { readonly worker: string; readonly event: number }, rounds: number): void {
    const arrival = this.#arrival.get(`${name} ${task.worker}`);
    if (arrival === undefined) throw new RangeError(`nothing brings ${name} to ${task.worker}`);
    this.#system.edge(arrival.event, task.event, arrival.latencyMs, rounds);
  }

  /** The workers of a component that have a part in a round of full stride. */
  #holders(component: number): readonly string[] {
    const runs = isLastComponent(this.#partition, component) ? this.#stride : 1;
    return workersOf(this.#cluster.placement, component).slice(0, runs);
  }
}
