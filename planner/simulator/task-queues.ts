import {
  completesNoise,
  componentCount,
  type JobProgram,
  type Partition,
  type Placement,
  type Round,
  type Segment,
  type Task,
  travellingNoise,
  workerOfRun,
} from '../../program/index.js';

/** A task in its worker's queue. */
export interface QueuedTask {
  readonly task: Task;
  readonly round: Round;
  readonly worker: string;
  readonly segment: Segment;
  /** Step whose noise prediction is complete with it. */
  readonly epsStep: number | undefined;
  /** What has to be on the worker before it starts. */
  readonly needs: readonly string[];
}

export interface WorkerQueue {
  readonly tasks: QueuedTask[];
  /** Index of the task that comes next. */
  next: number;
  /** When the worker is free for it. */
  freeMs: number;
}

const NOBODY: ReadonlyMap<string, ReadonlySet<string>> = new Map();
const NOTHING: ReadonlySet<string> = new Set();

/** Every worker's tasks in program order, what each of them needs, and who reads what is made. */
export class TaskQueues {
  readonly #partition: Partition;
  readonly #placement: Placement;
  readonly #segments: ReadonlyMap<string, Segment>;
  readonly #queues = new Map<string, WorkerQueue>();
  /** By step: the latents that are made when its own are known, each with the workers that read it, in the order of their tasks. */
  readonly #sampleReaders = new Map<number, Map<string, Set<string>>>();
  /** By version of a boundary tensor: the workers that read it. */
  readonly #readers = new Map<string, Set<string>>();
  /** By worker that joins noise predictions: the last step of earlier rounds, which its tasks wait for. */
  readonly #lastJoined = new Map<string, number>();

  constructor(partition: Partition, placement: Placement, program: JobProgram) {
    this.#partition = partition;
    this.#placement = placement;
    this.#segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
    const isJoined = travellingNoise(partition).length > 0;
    for (const round of program.rounds) {
      const tasks = program.tasks(round);
      for (const task of tasks) this.#enqueue(task, round);
      if (isJoined)
        for (const { run, epsStep } of tasks)
          if (epsStep !== undefined) this.#lastJoined.set(this.joinerOf(run), epsStep);
    }
  }

  get workers(): Iterable<string> {
    return this.#queues.keys();
  }

  of(worker: string): WorkerQueue | undefined {
    return this.#queues.get(worker);
  }

  /** The workers that read a version of a boundary tensor (`name@version`). */
  readersOf(what: string): ReadonlySet<string> {
    return this.#readers.get(what) ?? NOTHING;
  }

  /** By name, the latents that are made when those of a step are known, and the workers that read them. */
  sampleReadersOf(step: number): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#sampleReaders.get(step) ?? NOBODY;
  }

  /** The worker that joins the halves' noise predictions of a run of component N. */
  joinerOf(run: number): string {
    return workerOfRun(this.#placement, componentCount(this.#partition), run);
  }

  #enqueue(task: Task, round: Round): void {
    const worker = workerOfRun(this.#placement, task.component, task.run);
    const segment = this.#segments.get(task.segment)!;
    const needs = [`issued ${task.round} ${worker}`];
    for (const { name, version, blend } of task.reads) {
      needs.push(this.#read(`${name}@${version}`, worker));
      if (blend !== undefined) needs.push(this.#read(`${name}@${blend.version}`, worker));
    }
    const joined = this.#lastJoined.get(worker);
    if (joined !== undefined) needs.push(`joined ${joined} ${worker}`);
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
}
