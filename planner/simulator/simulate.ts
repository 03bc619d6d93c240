import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type BoundaryTensor,
  type Cluster,
  dueAt,
  DueTimes,
  JobProgram,
  type Partition,
  type Round,
  ROUNDS_AHEAD,
  samplingWorker,
  type ScheduleSettings,
  type Task,
  taskMs,
  type Travelling,
  travellingLatents,
  type TravellingNoise,
  travellingNoise,
} from '../../program/index.js';
import { EventQueue } from './event-queue.js';
import { linkLoads, simulatedLoads } from './loads.js';
import { SimulatedNetwork } from './network.js';
import { StepClock } from './step-clock.js';
import { HalfNoise } from './half-noise.js';
import { TaskQueues } from './task-queues.js';
import { steadyPeriodMs, type Timeline, type TimelineSpan } from './timeline.js';
import type { QueuedTask } from './worker-queue.js';

/**
 * Runs the job's program on a cost model, event by event: the third executor of a program (docs/reference/simulator.md). Of the tasks
 * that are issued to it a worker begins the first in program order that has its boundary tensors and its latents; a worker's messages leave one
 * after another, latents and noise prediction first, then what is due first; messages that share a receiving interface arrive one after another.
 */
export function simulate(partition: Partition, cluster: Cluster, settings: ScheduleSettings): Timeline {
  return new Simulation(partition, cluster, settings).run();
}

class Simulation {
  readonly #cluster: Cluster;
  readonly #rounds: readonly Round[];
  readonly #dues: DueTimes;
  readonly #tensors: ReadonlyMap<string, BoundaryTensor>;
  readonly #tasks: TaskQueues;
  /** By name; empty where only the coordinator runs the sampler. */
  readonly #latents: ReadonlyMap<string, Travelling>;
  readonly #isSamplerAtWorker: boolean;
  /** Of the second half of a split batch, as one message. */
  readonly #noise: TravellingNoise | undefined;
  readonly #halves: HalfNoise;
  /** What to do when a half's noise prediction arrives where it is joined. */
  readonly #joins = new Map<string, (atMs: number) => void>();
  readonly #events = new EventQueue();
  readonly #network: SimulatedNetwork;
  readonly #steps: StepClock;
  /** Tensor versions, latents and values between sessions that a worker has: what, and the worker. */
  readonly #present = new Set<string>();
  readonly #isHere = (need: string): boolean => this.#present.has(need);
  readonly #spans: TimelineSpan[] = [];
  readonly #numInferenceSteps: number;

  constructor(partition: Partition, cluster: Cluster, settings: ScheduleSettings) {
    this.#cluster = cluster;
    const { lookAhead, stride } = settings;
    const ahead = lookAhead && { ...lookAhead, stride };
    this.#dues = new DueTimes(partition, cluster.placement, ahead);
    const latents = travellingLatents(partition, cluster.placement, ahead);
    this.#latents = new Map(latents.map((one) => [one.name, one]));
    this.#isSamplerAtWorker = samplingWorker(partition, cluster.placement) !== undefined;
    [this.#noise] = travellingNoise(partition);
    this.#halves = new HalfNoise(partition, cluster.placement);
    const program = new JobProgram(partition, settings);
    this.#rounds = program.rounds;
    this.#tasks = new TaskQueues(partition, cluster.placement, program);
    this.#numInferenceSteps = settings.numInferenceSteps;
    this.#tensors = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
    this.#network = new SimulatedNetwork(cluster, this.#events, {
      onSpan: (span) => this.#spans.push(span),
      onArrival: (what, worker, atMs) => this.#arrive(what, worker, atMs),
    });
    this.#steps = new StepClock({
      rounds: this.#rounds,
      samplerMs: this.#isSamplerAtWorker ? undefined : cluster.samplerMs,
      onSpan: (span) => this.#spans.push(span),
      onRound: (at, endMs) => this.#roundEnded(at, endMs),
    });
  }

  run(): Timeline {
    for (let ahead = 0; ahead <= ROUNDS_AHEAD; ahead++) this.#issue(ahead, 0);
    this.#sendLatents(0, 0);
    this.#events.drain();
    const { length } = this.#steps.finished;
    if (length < this.#rounds.length)
      throw new AsyncDiffError('internal', `the simulated job stands still after ${length} rounds`);
    return {
      totalMs: this.#steps.totalMs,
      periodMs: steadyPeriodMs(this.#steps.finished),
      rounds: this.#steps.finished,
      workers: simulatedLoads([...this.#tasks.workers], this.#spans),
      links: linkLoads(this.#spans),
      spans: this.#spans.sort((a, b) => a.startMs - b.startMs),
    };
  }

  /** Marks something as being on a worker, and starts what waited for it. */
  #arrive(what: string, worker: string, atMs: number): void {
    this.#events.add(atMs, () => {
      this.#present.add(`${what} ${worker}`);
      this.#joins.get(what)?.(atMs);
      this.#advance(worker, atMs);
    });
  }

  /** Begins the next task of a worker, where it is free and one can begin. */
  #advance(worker: string, startMs: number): void {
    const queue = this.#tasks.of(worker);
    const next = queue?.begin(this.#halves.lastRoundAt(worker), this.#isHere);
    if (queue === undefined || next === undefined) return;
    const durationMs = taskMs(this.#cluster, worker, next.segment);
    let endMs = startMs + durationMs;
    const { epsStep } = next;
    const { id: label, round } = next.task;
    this.#spans.push({ kind: 'compute', worker, label, round, startMs, durationMs });
    if (epsStep !== undefined && this.#noise === undefined)
      endMs = this.#sampleAt(worker, epsStep, round, endMs);
    this.#events.add(endMs, () => {
      queue.free();
      this.#finish(next, endMs);
      this.#advance(worker, endMs);
    });
  }

  /** The sampler's step where a worker runs it; returns when it is done. */
  #sampleAt(worker: string, step: number, round: number, startMs: number): number {
    if (!this.#isSamplerAtWorker) return startMs;
    const durationMs = this.#cluster.samplerMs;
    this.#spans.push({ kind: 'sampler', worker, label: `step ${step}`, round, startMs, durationMs });
    return startMs + durationMs;
  }

  #finish({ task, worker, epsStep: step, leaves }: QueuedTask, endMs: number): void {
    for (const what of leaves) this.#present.add(what);
    if (task.epsStep !== undefined && this.#noise !== undefined && worker === this.#halves.joinerOf(task.run))
      this.#halves.made(worker, task.epsStep, task.round);
    if (step !== undefined && this.#noise === undefined) this.#noiseDone(step, task.round, worker, endMs);
    else if (step !== undefined) this.#halfOfNoise(this.#noise!, step, task, worker, endMs);
    for (const { name, version } of task.writes) {
      const made = { name, version, tensor: this.#tensors.get(name)!, round: task.round };
      this.#publish(made, worker, this.#tasks.readersOf(`${name}@${version}`), endMs);
    }
  }

  #publish(
    made: {
      readonly name: string;
      readonly version: number;
      readonly round: number;
      readonly tensor: Travelling & Pick<BoundaryTensor, 'bytes'>;
    },
    worker: string,
    readers: ReadonlySet<string>,
    atMs: number,
  ): void {
    const { name, version, tensor, round } = made;
    const what = `${name}@${version}`;
    this.#present.add(`${what} ${worker}`);
    const dueMs = (to: string): number => dueAt(this.#dues, this.#dues.of(name, to), version);
    this.#network.send({ what, tensor, bytes: tensor.bytes, round, dueMs }, worker, readers, atMs);
  }

  /** One half of a split batch is predicted: it goes to the worker that joins both. */
  #halfOfNoise(
    noise: TravellingNoise,
    step: number,
    { run, round }: Task,
    worker: string,
    endMs: number,
  ): void {
    const joiner = this.#halves.joinerOf(run);
    const join = (atMs: number): void => this.#join(step, round, joiner, atMs);
    if (worker === joiner) join(endMs);
    else {
      this.#joins.set(`${noise.name}@${step}`, (atMs) => {
        this.#halves.arrived(joiner, step, round);
        join(atMs);
      });
      const tensor = { ...noise, bytes: this.#cluster.latentBytes };
      this.#publish({ name: noise.name, version: step, tensor, round }, worker, new Set([joiner]), endMs);
    }
  }

  /** With the second half the sampler goes on. */
  #join(step: number, round: number, worker: string, atMs: number): void {
    if (!this.#halves.complete(worker, step)) return;
    const doneMs = this.#sampleAt(worker, step, round, atMs);
    this.#events.add(doneMs, () => {
      this.#halves.sampled(worker, step);
      this.#noiseDone(step, round, worker, doneMs);
      this.#advance(worker, doneMs);
    });
  }

  /** The noise prediction of a step is complete, and with it the latents of the next one, where a worker runs the sampler. */
  #noiseDone(step: number, round: number, worker: string, atMs: number): void {
    // What is predicted of later steps when these latents are known is made at once with them.
    if (this.#isSamplerAtWorker)
      for (const [name, readers] of this.#tasks.sampleReadersOf(step + 1)) {
        const tensor = { ...this.#latents.get(name)!, bytes: this.#cluster.latentBytes };
        this.#publish({ name, version: step + 1, tensor, round }, worker, readers, atMs);
      }
    // Where the worker runs the sampler, the coordinator gets the latents of the end; those of checkpoints are few.
    const told = !this.#isSamplerAtWorker || step + 1 === this.#numInferenceSteps;
    const sent = { readyMs: atMs, bytes: told ? this.#cluster.latentBytes : 0 };
    this.#network.sendEps(step, round, worker, sent, (arrivedMs) => this.#steps.arrive(step, arrivedMs));
  }

  #roundEnded(at: number, endMs: number): void {
    this.#events.add(endMs, () => {
      this.#issue(at + 1 + ROUNDS_AHEAD, endMs);
      if (!this.#isSamplerAtWorker) this.#sendLatents(at + 1, endMs);
    });
  }

  #issue(at: number, atMs: number): void {
    const round = this.#rounds[at];
    if (round === undefined) return;
    for (const worker of this.#tasks.workers) {
      const issuedMs = atMs + this.#cluster.coordinatorLinks(worker).latencyMs;
      this.#events.add(issuedMs, () => {
        this.#tasks.of(worker)?.issue(round.round);
        this.#advance(worker, issuedMs);
      });
    }
  }

  #sendLatents(at: number, readyMs: number): void {
    const round = this.#rounds[at];
    if (round === undefined) return;
    const step = round.firstStep;
    for (const [name, readers] of this.#tasks.sampleReadersOf(step))
      this.#network.sendLatents(`${name}@${step}`, step, round.round, readers, readyMs);
  }
}
