import {
  type BoundaryTensor,
  type Cluster,
  completesNoise,
  dueAt,
  DueTimes,
  samplingWorker,
  type Partition,
  ROUNDS_AHEAD,
  type Segment,
  taskMs,
  type Travelling,
  travellingLatents,
  workerOfRun,
} from '../../program/index.js';
import { JobProgram, type Round, type ScheduleSettings, type Task } from '../../program/index.js';
import { EventQueue } from './event-queue.js';
import { linkLoads, workerLoads } from './loads.js';
import { SimulatedNetwork } from './network.js';
import { steadyPeriodMs, type Timeline, type TimelineRound, type TimelineSpan } from './timeline.js';

/** A task in its worker's queue. */
interface QueuedTask {
  readonly task: Task;
  readonly round: Round;
  readonly worker: string;
  readonly segment: Segment;
  /** Step whose noise prediction is complete with it. */
  readonly epsStep: number | undefined;
  /** What has to be on the worker before it starts. */
  readonly needs: readonly string[];
}

/**
 * Runs the job's program on a cost model, event by event: the third executor of a program (docs/reference/simulator.md). Workers run their tasks in program
 * order; a task waits for its boundary tensors, the latents and its round to be issued; a worker's messages leave one
 * after another, latents and noise prediction first, then what is due first; messages that share a receiving interface arrive one after another.
 */
export function simulate(partition: Partition, cluster: Cluster, settings: ScheduleSettings): Timeline {
  return new Simulation(partition, cluster, settings).run();
}

class Simulation {
  readonly #partition: Partition;
  readonly #cluster: Cluster;
  readonly #program: JobProgram;
  readonly #rounds: readonly Round[];
  readonly #dues: DueTimes;
  readonly #tensors: ReadonlyMap<string, BoundaryTensor>;
  readonly #segments: ReadonlyMap<string, Segment>;
  /** By step: the latents that are made when its own are known, each with the workers that read it, in the order of their tasks. */
  readonly #sampleReaders = new Map<number, Map<string, Set<string>>>();
  /** By version of a boundary tensor: the workers that read it. */
  readonly #readers = new Map<string, Set<string>>();
  /** By name; empty where only the coordinator runs the sampler. */
  readonly #latents: ReadonlyMap<string, Travelling>;
  readonly #isSamplerAtWorker: boolean;
  readonly #events = new EventQueue();
  readonly #network: SimulatedNetwork;
  readonly #queues = new Map<string, { tasks: QueuedTask[]; next: number; freeMs: number }>();
  /** Tensor versions, latents and issued rounds that a worker has, and when it got them. */
  readonly #present = new Map<string, number>();
  readonly #spans: TimelineSpan[] = [];
  readonly #finished: TimelineRound[] = [];
  readonly #epsArrived = new Map<number, number>();
  readonly #numInferenceSteps: number;
  #nextSample = 0;
  #samplerFreeMs = 0;
  #totalMs = 0;

  constructor(partition: Partition, cluster: Cluster, settings: ScheduleSettings) {
    this.#partition = partition;
    this.#cluster = cluster;
    const { lookAhead, stride } = settings;
    const ahead = lookAhead && { ...lookAhead, stride };
    this.#dues = new DueTimes(partition, cluster.placement, ahead);
    const latents = travellingLatents(partition, cluster.placement, ahead);
    this.#latents = new Map(latents.map((one) => [one.name, one]));
    this.#isSamplerAtWorker = samplingWorker(partition, cluster.placement) !== undefined;
    this.#program = new JobProgram(partition, settings);
    this.#rounds = this.#program.rounds;
    this.#numInferenceSteps = settings.numInferenceSteps;
    this.#tensors = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
    this.#segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
    this.#network = new SimulatedNetwork(cluster, this.#events, {
      onSpan: (span) => this.#spans.push(span),
      onArrival: (what, worker, atMs) => this.#arrive(what, worker, atMs),
    });
  }

  run(): Timeline {
    for (const round of this.#rounds) {
      for (const task of this.#program.tasks(round)) this.#enqueue(task, round);
      // Asked in order: the program keeps a few rounds only, and would make each of them twice.
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
    const needs = [`issued ${task.round} ${worker}`];
    for (const { name, version, blend } of task.reads) {
      needs.push(this.#read(`${name}@${version}`, worker));
      if (blend !== undefined) needs.push(this.#read(`${name}@${blend.version}`, worker));
    }
    if (segment.readsSample) {
      const { name, version } = task.latents;
      needs.push(`${name}@${version} ${worker}`);
      const byName = this.#sampleReaders.get(version) ?? new Map<string, Set<string>>();
      this.#sampleReaders.set(version, byName);
      byName.set(name, (byName.get(name) ?? new Set<string>()).add(worker));
    }
    const queue = this.#queues.get(worker) ?? { tasks: [], next: 0, freeMs: 0 };
    this.#queues.set(worker, queue);
    const epsStep = completesNoise(this.#partition, segment) ? task.epsStep : undefined;
    queue.tasks.push({ task, worker, segment, epsStep, needs, round });
  }

  #read(what: string, worker: string): string {
    const readers = this.#readers.get(what);
    if (readers === undefined) this.#readers.set(what, new Set([worker]));
    else readers.add(worker);
    return `${what} ${worker}`;
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
    const { epsStep } = next;
    const { id: label, round } = next.task;
    this.#spans.push({ kind: 'compute', worker, label, round, startMs, durationMs });
    if (epsStep !== undefined && this.#isSamplerAtWorker) {
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

  #finish({ task, worker, epsStep: step }: QueuedTask, endMs: number): void {
    const publish = (
      name: string,
      version: number,
      tensor: Travelling & Pick<BoundaryTensor, 'bytes'>,
      readers: ReadonlySet<string>,
    ): void => {
      const what = `${name}@${version}`;
      this.#present.set(`${what} ${worker}`, endMs);
      const dueMs = (to: string): number => dueAt(this.#dues, this.#dues.of(name, to), version);
      const { bytes } = tensor;
      this.#network.send({ what, tensor, bytes, round: task.round, dueMs }, worker, readers, endMs);
    };
    if (step !== undefined) {
      if (this.#isSamplerAtWorker) this.#publishLatents(step + 1, publish);
      // Where the worker runs the sampler, the coordinator gets the latents of the end; those of checkpoints are few.
      const told = !this.#isSamplerAtWorker || step + 1 === this.#numInferenceSteps;
      const sent = { readyMs: endMs, bytes: told ? this.#cluster.latentBytes : 0 };
      this.#network.sendEps(step, task.round, worker, sent, (arrivedMs) => {
        this.#epsArrived.set(step, arrivedMs);
        this.#sample();
      });
    }
    if (task.writes.length === 0) return;
    for (const { name, version } of task.writes) {
      const readers = this.#readers.get(`${name}@${version}`) ?? new Set();
      publish(name, version, this.#tensors.get(name)!, readers);
    }
  }

  /** What is predicted of later steps when the latents of `step` are known is made at once with them. */
  #publishLatents(
    step: number,
    publish: (
      name: string,
      version: number,
      tensor: Travelling & { readonly bytes: number },
      readers: ReadonlySet<string>,
    ) => void,
  ): void {
    for (const [name, readers] of this.#sampleReaders.get(step) ?? [])
      publish(name, step, { ...this.#latents.get(name)!, bytes: this.#cluster.latentBytes }, readers);
  }

  #workerOf({ component, run }: Task): string {
    return workerOfRun(this.#cluster.placement, component, run);
  }

  /** Steps the sampler as far as noise predictions have arrived in order. */
  #sample(): void {
    for (;;) {
      const step = this.#nextSample;
      const arrivedMs = this.#epsArrived.get(step);
      if (arrivedMs === undefined) return;
      this.#nextSample++;
      const startMs = Math.max(arrivedMs, this.#samplerFreeMs);
      const durationMs = this.#isSamplerAtWorker ? 0 : this.#cluster.samplerMs;
      this.#samplerFreeMs = startMs + durationMs;
      const at = this.#rounds.findIndex(
        ({ firstStep, steps }) => step >= firstStep && step < firstStep + steps,
      );
      const round = this.#rounds[at]!;
      const span = { worker: 'coordinator', label: `step ${step}`, round: round.round, startMs, durationMs };
      if (!this.#isSamplerAtWorker) this.#spans.push({ kind: 'sampler', ...span });
      if (step === round.firstStep + round.steps - 1) this.#endRound(at, this.#samplerFreeMs);
    }
  }

  #endRound(at: number, endMs: number): void {
    const { round, mode, firstStep, steps } = this.#rounds[at]!;
    this.#finished.push({ round, mode, firstStep, steps, endMs, durationMs: endMs - this.#totalMs });
    this.#totalMs = endMs;
    this.#events.add(endMs, () => {
      this.#issue(at + 1 + ROUNDS_AHEAD, endMs);
      if (!this.#isSamplerAtWorker) this.#sendLatents(at + 1, endMs);
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
    const step = round.firstStep;
    for (const [name, readers] of this.#sampleReaders.get(step) ?? [])
      this.#network.sendLatents(`${name}@${step}`, step, round.round, readers, readyMs);
  }
}
