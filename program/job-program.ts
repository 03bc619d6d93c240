import type { Partition } from './partition.js';
import { expandRound, listRounds, type Round, type ScheduleSettings, type Task } from './program.js';

/** A run of a component that reads a version of a boundary tensor. */
export interface Reader {
  readonly component: number;
  readonly run: number;
}

/**
 * The program of one job: its rounds, and of each round the tasks that a noise prediction depends on. In the last rounds
 * much is made for a round that never comes: such tasks, and writes that nobody reads, are left out. It also tells who
 * reads a version, so that it goes to nobody else: replicas of component N read nothing of the warm-up but its last step.
 */
export class JobProgram {
  readonly rounds: readonly Round[];
  readonly #partition: Partition;
  readonly #settings: ScheduleSettings;
  readonly #maxLag: number;
  /** The last rounds, by number, as far as anything is left out of them: with boundary tensors, the last one always. */
  readonly #tail = new Map<number, readonly Task[]>();
  #steadyReaders: ReadonlyMap<string, readonly Reader[]> | undefined;

  constructor(partition: Partition, settings: ScheduleSettings) {
    this.#partition = partition;
    this.#settings = settings;
    this.rounds = listRounds(settings);
    this.#maxLag = partition.boundaryTensors.reduce((lag, tensor) => Math.max(lag, tensor.lag), 1);
    this.#trimTail();
  }

  /** The tasks of a round of this job, in an order in which one process may run them. */
  tasks(round: Round): readonly Task[] {
    return this.#tail.get(round.round) ?? expandRound(this.#partition, round, this.#settings);
  }

  /** Who reads what a round makes, by boundary tensor. The same map for all rounds that are alike. */
  readers(round: Round): ReadonlyMap<string, readonly Reader[]> {
    const isSteady = round.mode === 'async' && round.round + this.#maxLag < this.#tailFrom;
    if (!isSteady) return this.#findReaders(round);
    return (this.#steadyReaders ??= this.#findReaders(round));
  }

  get #tailFrom(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#tail.keys());
  }

  #findReaders({ round }: Round): ReadonlyMap<string, readonly Reader[]> {
    const readers = new Map<string, Reader[]>();
    const at = this.rounds.findIndex((one) => one.round === round);
    for (const later of this.rounds.slice(at, at + this.#maxLag + 1)) {
      for (const { component, run, reads } of this.tasks(later)) {
        for (const { name, version } of reads) {
          if (version !== round) continue;
          const known = readers.get(name) ?? [];
          readers.set(name, known);
          if (!known.some((one) => one.component === component && one.run === run))
            known.push({ component, run });
        }
      }
    }
    return readers;
  }

  /** From the last round back, until as many rounds as a tensor may be old have nothing to leave out. */
  #trimTail(): void {
    const needed = new Set<string>();
    let whole = 0;
    for (let at = this.rounds.length - 1; at >= 0 && whole < this.#maxLag; at--) {
      const round = this.rounds[at] as Round;
      if (round.mode === 'sync') return;
      const all = expandRound(this.#partition, round, this.#settings);
      const kept = this.#keepNeeded(all, needed);
      if (
        kept.length === all.length &&
        kept.every((task, i) => task.writes.length === all[i]?.writes.length)
      ) {
        whole += 1;
      } else {
        whole = 0;
        this.#tail.set(round.round, kept);
      }
    }
  }

  /** @param needed `name@version` of what later rounds read; what these tasks read is added */
  #keepNeeded(tasks: readonly Task[], needed: Set<string>): Task[] {
    const segments = new Map(this.#partition.segments.map((segment) => [segment.id, segment]));
    const neededHere = new Set<string>();
    const kept: Task[] = [];
    for (const task of tasks.toReversed()) {
      const local = (name: string): string => `${name}\n${task.component}/${task.run}`;
      const { localReads = [], localWrites = [] } = segments.get(task.segment) ?? {};
      const writes = task.writes.filter(({ name, version }) => needed.has(`${name}@${version}`));
      const isNeeded =
        task.epsStep !== undefined ||
        writes.length > 0 ||
        localWrites.some((name) => neededHere.has(local(name)));
      if (!isNeeded) continue;
      for (const name of localReads) neededHere.add(local(name));
      for (const { name, version } of task.reads) needed.add(`${name}@${version}`);
      kept.push({ ...task, writes });
    }
    return kept.reverse();
  }
}
