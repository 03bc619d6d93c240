import {
  type BoundaryTensor,
  type Cluster,
  completesNoise,
  componentCount,
  isLastComponent,
  LATENTS,
  occupancyMs,
  type Partition,
  ROUNDS_AHEAD,
  type Segment,
  segmentsOfRun,
  sharedResources,
  taskMs,
  travellingLatents,
  type TravellingNoise,
  travellingNoise,
  workerOfRun,
} from '../../program/index.js';
import { type EventGraph, PeriodSystem } from './period-system.js';
import { type Sent, TensorWays } from './tensor-ways.js';

/** Rounds from making a tensor to its reading by a segment. */
export type LagOf = (tensor: BoundaryTensor, reader: Segment) => number;

interface PlacedTask {
  readonly event: number;
  /** After which what it makes is sent: the sampler's step, where the worker runs it. */
  readonly done: number;
  readonly segment: Segment;
  readonly worker: string;
  readonly run: number;
  readonly publishes: boolean;
}

/**
 * Builds the max-plus system of a plan's asynchronous rounds. Events: each task, each message, each sampler step. Edges: a worker runs its
 * tasks one after another in program order; what a task makes leaves in the order in which it is due, and all messages of a
 * worker need their time together (which tasks' messages go first is left open: a lower bound); a task waits for its boundary
 * tensors (length: their lag), for the latents (length 1: the round before makes them) and for the round to be issued. The
 * sampler steps on component N's worker, or, where there are several, at the coordinator. Where guidance is split, the noise prediction of
 * the second half goes to the first half's component N, and the sampler waits for both.
 */
export function buildEventGraph(
  partition: Partition,
  cluster: Cluster,
  stride: number,
  lagOf: LagOf = ({ lag }) => lag,
  headFirst = false,
): EventGraph {
  return new EventGraphBuilder(partition, cluster, stride, lagOf, headFirst).build();
}

class EventGraphBuilder {
  readonly #partition: Partition;
  readonly #cluster: Cluster;
  readonly #stride: number;
  readonly #lagOf: LagOf;
  /** Whether a worker runs its tasks in the order of a step, the head of a U-shape before the component that reads it. */
  readonly #headFirst: boolean;
  readonly #system = new PeriodSystem();
  readonly #ways: TensorWays;
  readonly #tensors: ReadonlyMap<string, BoundaryTensor>;
  /** Undefined where only the coordinator runs the sampler. */
  readonly #latents: Sent | undefined;
  /** Of the second half of a split batch, as one message. */
  readonly #noise: TravellingNoise | undefined;
  /** By run: the event in which both halves' noise predictions are joined. */
  readonly #joins = new Map<number, number>();

  constructor(partition: Partition, cluster: Cluster, stride: number, lagOf: LagOf, headFirst: boolean) {
    this.#lagOf = lagOf;
    this.#headFirst = headFirst;
    this.#partition = partition;
    this.#cluster = cluster;
    this.#stride = stride;
    this.#ways = new TensorWays(this.#system, partition, cluster, stride);
    const [latents] = travellingLatents(partition, cluster.placement);
    this.#latents = latents && { ...latents, bytes: cluster.latentBytes };
    [this.#noise] = travellingNoise(partition);
    this.#tensors = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
  }

  build(): EventGraph {
    const all = this.#placeTasks();
    const byWorker = new Map<string, PlacedTask[]>();
    for (const task of all) byWorker.set(task.worker, [...(byWorker.get(task.worker) ?? []), task]);
    const samplers = Array.from({ length: this.#stride }, (_, run) =>
      this.#system.event(
        'sampler',
        `sampler ${run}`,
        this.#latents === undefined ? this.#cluster.samplerMs : 0,
      ),
    );
    this.#system.chain(samplers);
    for (const [worker, tasks] of byWorker) {
      // A sampler's step follows its task; one that waits for the other half of the batch lets the rest of the round go before.
      const follows = this.#noise === undefined;
      this.#system.chain(
        tasks.flatMap(({ event, done }) => (event === done || !follows ? [event] : [event, done])),
      );
      const joined = tasks.findLast(({ event, done }) => event !== done);
      if (joined !== undefined && !follows) this.#system.edge(joined.done, tasks[0]!.event, 0, 1);
      for (const task of tasks) this.#sends(task, samplers);
      this.#system.edge(
        samplers.at(-1)!,
        tasks[0]!.event,
        this.#cluster.coordinatorLinks(worker).latencyMs,
        1 + ROUNDS_AHEAD,
      );
    }
    if (this.#latents === undefined) this.#sendLatents(all, samplers.at(-1)!);
    for (const task of all) this.#waitForTensors(task);
    return this.#system.graph();
  }

  /** The tasks of a round in program order, each on its worker. */
  #placeTasks(): PlacedTask[] {
    const { components } = this.#partition;
    const tasks: PlacedTask[] = [];
    for (const { index } of components) {
      const runs = isLastComponent(this.#partition, index) ? this.#stride : 1;
      for (let run = 0; run < runs; run++) {
        const worker = workerOfRun(this.#cluster.placement, index, run);
        for (const segment of segmentsOfRun(this.#partition, index, run === runs - 1)) {
          const duration = taskMs(this.#cluster, worker, segment);
          const event = this.#system.event('compute', `${segment.id}/j${run}`, duration);
          const done = this.#isJoined(segment) ? this.#sampled(event, run) : event;
          tasks.push({ event, done, segment, worker, run, publishes: run === runs - 1 });
        }
      }
    }
    if (!this.#headFirst) return tasks;
    const order = new Map(this.#partition.segments.map(({ id }, at) => [id, at]));
    return tasks.toSorted((one, other) => order.get(one.segment.id)! - order.get(other.segment.id)!);
  }

  /** Whether the sampler, or who joins both halves, goes on from a task's end. */
  #isJoined(segment: Segment): boolean {
    return completesNoise(this.#partition, segment) && segment.component === componentCount(this.#partition);
  }

  /** The event after which latents, or the whole noise prediction, leave. */
  #sampled(task: number, run: number): number {
    const atWorker = this.#latents !== undefined;
    if (!atWorker && this.#noise === undefined) return task;
    const event = this.#system.event('sampler', `sampler ${run}`, atWorker ? this.#cluster.samplerMs : 0);
    if (this.#noise !== undefined) this.#system.edge(task, event, 0, 0);
    this.#joins.set(run, event);
    return event;
  }

  /** The messages that a task's end sets off, in the order in which they leave: latents and noise prediction first. */
  #sends(task: PlacedTask, samplers: readonly number[]): void {
    const first: number[] = [];
    const completes = this.#isJoined(task.segment);
    if (!completes && completesNoise(this.#partition, task.segment)) first.push(...this.#sendNoise(task));
    if (task.publishes && completes && this.#latents !== undefined)
      first.push(...this.#ways.send(task, this.#latents).map(({ event }) => event));
    if (completes) {
      const link = this.#cluster.coordinatorLinks(task.worker);
      // Where the worker runs the sampler, the coordinator hears that the round is done.
      const bytes = this.#latents === undefined ? this.#cluster.latentBytes : 0;
      const event = this.#system.event('eps', `eps ${task.run}`, occupancyMs(link, bytes));
      this.#system.edge(task.done, event, 0, 0);
      this.#system.edge(event, samplers[task.run]!, link.latencyMs, 0);
      first.push(event);
    }
    const rest = task.publishes
      ? task.segment.boundaryWrites.flatMap((name) => this.#ways.send(task, this.#tensors.get(name)!))
      : [];
    const sends = [...first, ...rest.sort((a, b) => a.dueMs - b.dueMs).map(({ event }) => event)];
    for (const [at, event] of sends.entries()) {
      this.#system.occupy(`out:${task.worker}`, this.#system.durationMs(event));
      if (at > 0) this.#system.edge(sends[at - 1]!, event, 0, 0);
    }
  }

  /** The second half's noise prediction goes to the worker of the first half's component N that does the same run. */
  #sendNoise(task: PlacedTask): number[] {
    const join = this.#joins.get(task.run);
    if (this.#noise === undefined || join === undefined) return [];
    const to = workerOfRun(this.#cluster.placement, componentCount(this.#partition), task.run);
    if (to === task.worker) {
      this.#system.edge(task.done, join, 0, 0);
      return [];
    }
    const link = this.#cluster.links(task.worker, to);
    const busyMs = occupancyMs(link, this.#cluster.latentBytes);
    const event = this.#system.event('eps', `noise ${task.run} ${task.worker}>${to}`, busyMs);
    for (const resource of sharedResources(this.#cluster, task.worker, to))
      this.#system.occupy(resource, busyMs);
    this.#system.edge(task.done, event, 0, 0);
    this.#system.edge(event, join, link.latencyMs, 0);
    return [event];
  }

  /** One message to each worker that reads the latents, in the order of its first task that does. */
  #sendLatents(tasks: readonly PlacedTask[], lastSampler: number): void {
    const sends = new Map<string, number>();
    for (const task of tasks) {
      if (!task.segment.readsSample) continue;
      const link = this.#cluster.coordinatorLinks(task.worker);
      let event = sends.get(task.worker);
      if (event === undefined) {
        event = this.#system.event(
          'latents',
          `latents >${task.worker}`,
          occupancyMs(link, this.#cluster.latentBytes),
        );
        sends.set(task.worker, event);
        this.#system.edge(lastSampler, event, 0, 0);
      }
      this.#system.edge(event, task.event, link.latencyMs, 1);
    }
    this.#system.chain([...sends.values()]);
  }

  #waitForTensors(task: PlacedTask): void {
    for (const name of task.segment.boundaryReads)
      this.#ways.await(name, task, this.#lagOf(this.#tensors.get(name)!, task.segment));
    if (task.segment.readsSample && this.#latents !== undefined) this.#ways.await(LATENTS, task, 1);
  }
}
