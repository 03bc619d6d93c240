import {
  type BoundaryTensor,
  type Cluster,
  dueAt,
  DueTimes,
  type Hop,
  hopsTo,
  LATENTS,
  occupancyMs,
  type Partition,
  ROUNDS_AHEAD,
  type Segment,
  sharedResources,
  taskMs,
  travellingLatents,
  workersOf,
} from '../partition/index.js';
import { JobProgram, type Round, type ScheduleSettings, type Task } from '../schedule/index.js';
import { EventQueue } from './event-queue.js';
import { linkLoads, workerLoads } from './loads.js';
import { OutQueue } from './out-queue.js';
import { steadyPeriodMs, type Timeline, type TimelineRound, type TimelineSpan } from './timeline.js';

/** A task in its worker's queue. */
interface QueuedTask {
  readonly task: Task;
  readonly round: Round;
  readonly worker: string;
  readonly segment: Segment;
  /** What has to be on the worker before it starts. */
  readonly needs: readonly string[];
}

/** A version on its way over one hop; `all` are the hops of its whole way. */
interface HopMessage {
  readonly hop: Hop;
  readonly all: readonly Hop[];
  readonly what: string;
  readonly bytes: number;
  readonly round: number;
  readonly dueMs: number;
}

/**
 * Runs the job's program on a cost model, event by event: the third executor of design section 3. Workers run their tasks in program
 * order; a task waits for its boundary tensors, the latents and its round to be issued; a worker's messages leave one
 * after another, latents and noise prediction first, then what is due first; messages that share a receiving interface arrive one after another.
 */
export function simulate(partition: Partition, cluster: Cluster, settings: ScheduleSettings): Timeline {
  return new Simulation(partition, cluster, settings).run();
}

class Simulation {
  readonly #cluster: Cluster;
  readonly #program: JobProgram;
  readonly #rounds: readonly Round[];
  readonly #dues: DueTimes;
  readonly #out = new Map<string, OutQueue>();
  readonly #tensors: ReadonlyMap<string, BoundaryTensor>;
  readonly #segments: ReadonlyMap<string, Segment>;
  /** By step: the workers that read its latents, in the order of their tasks: the first to need them gets them first. */
  readonly #sampleReaders = new Map<number, Set<string>>();
  /** Undefined where only the coordinator runs the sampler. */
  readonly #latents: Pick<BoundaryTensor, 'consumers'> | undefined;
  readonly #events = new EventQueue();
  readonly #queues = new Map<string, { tasks: QueuedTask[]; next: number; freeMs: number }>();
  /** Tensor versions, latents and issued rounds that a worker has, and when it got them. */
  readonly #present = new Map<string, number>();
  readonly #freeMs = new Map<string, number>();
  readonly #spans: TimelineSpan[] = [];
  readonly #finished: TimelineRound[] = [];
  readonly #epsArrived = new Map<number, number>();
  #nextSample = 0;
  #samplerFreeMs = 0;
  #totalMs = 0;

  constructor(partition: Partition, cluster: Cluster, settings: ScheduleSettings) {
    this.#cluster = cluster;
    this.#dues = new DueTimes(partition, cluster.placement);
    this.#latents = travellingLatents(partition, cluster);
    this.#program = new JobProgram(partition, settings);
    this.#rounds = this.#program.rounds;
    this.#tensors = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
    this.#segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
  }

  run(): Timeline {
    for (const round of this.#rounds) {
      for (const task of this.#program.tasks(round)) this.#enqueue(task, round);
    }
    for (let ahead = 0; ahead <= ROUNDS_AHEAD; ahead++) this.#issue(ahead, 0);
    this.#sendLatents(0, 0);
    this.#events.drain();
    return {
      totalMs: this.#totalMs,
      periodMs: steadyPeriodMs(this.#finished),
      rounds: this.#finished,
      workers: workerLoads([...this.#queues.keys()], this.#spans),
      links: linkLoads(this.#spans),
      spans: this.#spans.sort((a, b) => a.startMs - b.startMs),
    };
  }

  #enqueue(task: Task, round: Round): void {
    const worker = this.#workerOf(task);
    const segment = this.#segments.get(task.segment)!;
    const needs = [
      `issued ${task.round} ${worker}`,
      ...task.reads.map(({ name, version }) => `${name}@${version} ${worker}`),
    ];
    if (segment.readsSample) {
      needs.push(`${LATENTS}@${task.sampleStep} ${worker}`);
      const readers = this.#sampleReaders.get(task.sampleStep) ?? new Set();
      this.#sampleReaders.set(task.sampleStep, readers.add(worker));
    }
    const queue = this.#queues.get(worker) ?? { tasks: [], next: 0, freeMs: 0 };
    this.#queues.set(worker, queue);
    queue.tasks.push({ task, worker, segment, needs, round });
  }

  /** Marks something as being on a worker, and starts what waited for it. */
  #arrive(what: string, worker: string, atMs: number): void {
    this.#events.add(atMs, () => {
      this.#present.set(`${what} ${worker}`, atMs);
      this.#advance(worker);
    });
  }

  #advance(worker: string): void {
    const queue = this.#queues.get(worker);
    const next = queue?.tasks[queue.next];
    if (queue === undefined || next === undefined) return;
    let startMs = queue.freeMs;
    for (const need of next.needs) {
      const atMs = this.#present.get(need);
      if (atMs === undefined) return;
      startMs = Math.max(startMs, atMs);
    }
    queue.next++;
    const durationMs = taskMs(this.#cluster, worker, next.segment);
    let endMs = startMs + durationMs;
    const { id: label, round, epsStep } = next.task;
    this.#spans.push({ kind: 'compute', worker, label, round, startMs, durationMs });
    if (epsStep !== undefined && this.#latents !== undefined) {
      const { samplerMs } = this.#cluster;
      this.#spans.push({
        kind: 'sampler',
        worker,
        label: `step ${epsStep}`,
        round,
        startMs: endMs,
        durationMs: samplerMs,
      });
      endMs += samplerMs;
    }
    queue.freeMs = endMs;
    this.#events.add(endMs, () => {
      this.#finish(next, endMs);
      this.#advance(worker);
    });
  }

  #finish({ task, round, worker }: QueuedTask, endMs: number): void {
    const publish = (name: string, version: number, bytes: number, readers: ReadonlySet<string>): void => {
      const what = `${name}@${version}`;
      this.#present.set(`${what} ${worker}`, endMs);
      const hops = hopsTo(this.#cluster, readers, worker);
      for (const hop of hops) {
        if (hop.via !== undefined) continue;
        const due = this.#dues.of(name, hop.to);
        const dueMs = name === LATENTS ? Number.NEGATIVE_INFINITY : dueAt(this.#dues, due, version);
        this.#sendHop({ hop, all: hops, what, bytes, round: task.round, dueMs }, endMs);
      }
    };
    if (task.epsStep !== undefined) {
      const next = task.epsStep + 1;
      const readers = this.#latents === undefined ? undefined : this.#sampleReaders.get(next);
      if (readers !== undefined) publish(LATENTS, next, this.#cluster.latentBytes, readers);
      this.#sendEps(task.epsStep, task.round, worker, endMs);
    }
    if (task.writes.length === 0) return;
    const readers = this.#program.readers(round);
    for (const { name, version } of task.writes) {
      const workers = new Set(readers.get(name)?.map((reader) => this.#workerOf(reader)));
      publish(name, version, this.#tensors.get(name)!.bytes, workers);
    }
  }

  #workerOf({ component, run }: Pick<Task, 'component' | 'run'>): string {
    const workers = workersOf(this.#cluster, component);
    return workers[run % workers.length]!;
  }

  #sendHop(message: HopMessage, readyMs: number): void {
    const { hop, all, what, bytes, round, dueMs } = message;
    const { from, to } = hop;
    const link = this.#cluster.links(from, to);
    const durationMs = occupancyMs(link, bytes);
    const begin = (startMs: number): void => {
      this.#spans.push({
        kind: 'transfer',
        worker: from,
        label: what,
        round,
        startMs,
        durationMs,
        to,
        bytes,
      });
      this.#events.add(startMs + link.latencyMs, () => {
        const resources = sharedResources(this.#cluster, from, to);
        const free = resources.map((one) => this.#freeMs.get(one) ?? 0);
        const arrivedMs = Math.max(startMs + link.latencyMs, ...free) + durationMs;
        for (const resource of resources) this.#freeMs.set(resource, arrivedMs);
        this.#arrive(what, to, arrivedMs);
        for (const next of all) {
          if (next.via !== hop) continue;
          this.#events.add(arrivedMs, () => this.#sendHop({ ...message, hop: next }, arrivedMs));
        }
      });
    };
    // Forwarding on a host does not wait for the interface.
    if (hop.via === undefined) this.#outOf(from).send(readyMs, dueMs, durationMs, begin);
    else begin(readyMs);
  }

  #sendEps(step: number, round: number, worker: string, readyMs: number): void {
    const bytes = this.#cluster.latentBytes;
    const link = this.#cluster.coordinatorLinks(worker);
    const durationMs = occupancyMs(link, bytes);
    this.#outOf(worker).send(readyMs, Number.NEGATIVE_INFINITY, durationMs, (startMs) => {
      const span = { worker, label: `step ${step}`, round, startMs, durationMs, to: 'coordinator', bytes };
      this.#spans.push({ kind: 'eps', ...span });
      const arrivedMs = startMs + durationMs + link.latencyMs;
      this.#events.add(arrivedMs, () => {
        this.#epsArrived.set(step, arrivedMs);
        this.#sample();
      });
    });
  }

  #outOf(worker: string): OutQueue {
    const queue = this.#out.get(worker) ?? new OutQueue(this.#events);
    this.#out.set(worker, queue);
    return queue;
  }

  /** Steps the sampler as far as noise predictions have arrived in order. */
  #sample(): void {
    for (;;) {
      const step = this.#nextSample;
      const arrivedMs = this.#epsArrived.get(step);
      if (arrivedMs === undefined) return;
      this.#nextSample++;
      const startMs = Math.max(arrivedMs, this.#samplerFreeMs);
      const durationMs = this.#cluster.samplerMs;
      this.#samplerFreeMs = startMs + durationMs;
      const at = this.#rounds.findIndex(
        ({ firstStep, steps }) => step >= firstStep && step < firstStep + steps,
      );
      const round = this.#rounds[at]!;
      const span = { worker: 'coordinator', label: `step ${step}`, round: round.round, startMs, durationMs };
      this.#spans.push({ kind: 'sampler', ...span });
      if (step === round.firstStep + round.steps - 1) this.#endRound(at, this.#samplerFreeMs);
    }
  }

  #endRound(at: number, endMs: number): void {
    const { round, mode, firstStep, steps } = this.#rounds[at]!;
    this.#finished.push({ round, mode, firstStep, steps, endMs, durationMs: endMs - this.#totalMs });
    this.#totalMs = endMs;
    this.#events.add(endMs, () => {
      this.#issue(at + 1 + ROUNDS_AHEAD, endMs);
      if (this.#latents === undefined) this.#sendLatents(at + 1, endMs);
    });
  }

  #issue(at: number, atMs: number): void {
    const round = this.#rounds[at];
    if (round === undefined) return;
    for (const worker of this.#queues.keys()) {
      const { latencyMs } = this.#cluster.coordinatorLinks(worker);
      this.#arrive(`issued ${round.round}`, worker, atMs + latencyMs);
    }
  }

  #sendLatents(at: number, readyMs: number): void {
    const round = this.#rounds[at];
    if (round === undefined) return;
    const bytes = this.#cluster.latentBytes;
    for (const to of this.#sampleReaders.get(round.firstStep) ?? []) {
      const link = this.#cluster.coordinatorLinks(to);
      const durationMs = occupancyMs(link, bytes);
      const startMs = this.#take('out:coordinator', readyMs, durationMs);
      const label = `step ${round.firstStep}`;
      const span = { worker: 'coordinator', label, round: round.round, startMs, durationMs, to, bytes };
      this.#spans.push({ kind: 'latents', ...span });
      this.#arrive(`${LATENTS}@${round.firstStep}`, to, startMs + durationMs + link.latencyMs);
    }
  }

  /** Takes a resource for a while as soon as it is free; returns when. */
  #take(resource: string, readyMs: number, durationMs: number): number {
    const startMs = Math.max(readyMs, this.#freeMs.get(resource) ?? 0);
    this.#freeMs.set(resource, startMs + durationMs);
    return startMs;
  }
}
