import {
  completesNoise,
  type JobProgram,
  type Partition,
  type Placement,
  type Round,
  type Segment,
  type Task,
  workerOfRun,
} from '../../program/index.js';
import { WorkerQueue } from './worker-queue.js';

const NOBODY: ReadonlyMap<string, ReadonlySet<string>> = new Map();
const NOTHING: ReadonlySet<string> = new Set();

/** Every worker's tasks, what each of them needs, and who reads what is made. */
export class TaskQueues {
  readonly #partition: Partition;
  readonly #placement: Placement;
  readonly #segments: ReadonlyMap<string, Segment>;
  readonly #queues = new Map<string, WorkerQueue>();
  /** By step: the latents that are made when its own are known, each with the workers that read it, in the order of their tasks. */
  readonly #sampleReaders = new Map<number, Map<string, Set<string>>>();
  /** By version of a boundary tensor: the workers that read it. */
  readonly #readers = new Map<string, Set<string>>();

  constructor(partition: Partition, placement: Placement, program: JobProgram) {
    this.#partition = partition;
    this.#placement = placement;
    this.#segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
    for (const round of program.rounds) for (const task of program.tasks(round)) this.#enqueue(task, round);
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

  #enqueue(task: Task, round: Round): void {
    const worker = workerOfRun(this.#placement, task.component, task.run);
    const segment = this.#segments.get(task.segment)!;
    const local = (name: string): string => `${name}/j${task.run}@${task.version} ${worker}`;
    const needs = segment.localReads.map(local);
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
    const queue = this.#queues.get(worker) ?? new WorkerQueue();
    this.#queues.set(worker, queue);
    const epsStep = completesNoise(this.#partition, segment) ? task.epsStep : undefined;
    const leaves = segment.localWrites.map(local);
    queue.add({ task, worker, segment, epsStep, needs, leaves, round });
  }

  #read(what: string, worker: string): string {
    const readers = this.#readers.get(what);
    if (readers === undefined) this.#readers.set(what, new Set([worker]));
    else readers.add(worker);
    return `${what} ${worker}`;
  }
}
