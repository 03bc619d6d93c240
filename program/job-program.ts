import { componentCount, noisePartName } from './guidance-split.js';
import { AheadProgram } from './look-ahead.js';
import type { Partition } from './partition.js';
import { expandRound, oldestVersionRead } from './program.js';
import { listRounds, type Round, type ScheduleSettings } from './rounds.js';
import type { Task, VersionedTensor } from './task.js';

/** A run of a component that reads a version of a boundary tensor. */
export interface Reader {
  readonly component: number;
  readonly run: number;
}

/** Rounds whose tasks are kept: those in progress, and those that are looked at for their readers. */
const KEPT_ROUNDS = 16;

/** A version of a boundary tensor, or of the latents, and who reads it. */
export interface ReadVersion extends VersionedTensor {
  readonly readers: readonly Reader[];
}

/** Latents that a round reads; version: the step whose latents are known when they are made. */
export interface RoundLatents extends ReadVersion {
  /** The step that they are the latents of. */
  readonly step: number;
}

/**
 * The program of one job: its rounds, and of each round the tasks that a noise prediction depends on. In the last rounds before a
 * step in order, or before the end, much is made for a round that never comes: such tasks, and writes that nobody reads, are left
 * out. It also tells who reads a version, so that it goes to nobody else: replicas of component N read nothing of the warm-up but its
 * last step.
 */
export class JobProgram {
  readonly rounds: readonly Round[];
  readonly #partition: Partition;
  readonly #settings: ScheduleSettings;
  readonly #segments: ReadonlyMap<string, Partition['segments'][number]>;
  readonly #at: ReadonlyMap<number, number>;
  readonly #ahead: AheadProgram | undefined;
  /** Rounds from making a tensor to its last reading, at most. */
  readonly #reach: number;
  /** Without look-ahead: the rounds of which some tasks or writes are left out. */
  readonly #trimmed = new Map<number, readonly Task[]>();
  /** Tasks of the rounds that were asked about last. */
  readonly #tasks = new Lately<readonly Task[]>();
  readonly #made = new Lately<readonly ReadVersion[]>();

  constructor(partition: Partition, settings: ScheduleSettings) {
    this.#partition = partition;
    this.#settings = settings;
    this.#segments = new Map(partition.segments.map((segment) => [segment.id, segment]));
    this.rounds = listRounds(settings);
    this.#at = new Map(this.rounds.map(({ round }, at) => [round, at]));
    const maxLag = partition.boundaryTensors.reduce((lag, tensor) => Math.max(lag, tensor.lag), 1);
    const { lookAhead } = settings;
    this.#ahead =
      lookAhead === undefined
        ? undefined
        : new AheadProgram(partition, this.rounds, { ...settings, lookAhead });
    // With stride above 1 a tensor is read once more, beside the next round's.
    this.#reach = this.#ahead === undefined ? maxLag : this.#ahead.farthest + 1;
    if (this.#ahead === undefined) this.#trim(maxLag);
  }

  /** The tasks of a round of this job, in an order in which one process may run them. */
  tasks(round: Round): readonly Task[] {
    return (
      this.#trimmed.get(round.round) ??
      this.#tasks.of(round.round, () =>
        this.#ahead === undefined
          ? expandRound(this.#partition, round, this.#settings)
          : this.#ahead.tasks(this.#at.get(round.round) as number),
      )
    );
  }

  /** The boundary tensors that a round makes, and the noise predictions that one half of a split batch sends to the other. */
  made(round: Round): readonly ReadVersion[] {
    return this.#made.of(round.round, () => this.#findMade(round));
  }

  #findMade(round: Round): ReadVersion[] {
    const made = new Map<string, VersionedTensor & { readers: Reader[] }>();
    for (const { writes } of this.tasks(round))
      for (const { name, version } of writes) made.set(`${name}@${version}`, { name, version, readers: [] });
    const at = this.#at.get(round.round) as number;
    for (const later of this.rounds.slice(at, at + this.#reach + 1)) {
      for (const task of this.tasks(later)) {
        for (const { name, version, blend } of task.reads) {
          addReader(made.get(`${name}@${version}`)?.readers, task);
          if (blend !== undefined) addReader(made.get(`${name}@${blend.version}`)?.readers, task);
        }
      }
    }
    return [...made.values(), ...this.#noise(round)];
  }

  #noise(round: Round): ReadVersion[] {
    const { microBatches, halves } = this.#partition;
    const component = componentCount(this.#partition);
    return this.tasks(round).flatMap(({ segment, epsStep, run }) => {
      const part = this.#segments.get(segment)?.microBatch ?? 0;
      if (epsStep === undefined || part < microBatches / halves) return [];
      return [{ name: noisePartName(part), version: epsStep, readers: [{ component, run }] }];
    });
  }

  /** The latents that a round reads. */
  latents(round: Round): readonly RoundLatents[] {
    const found = new Map<string, RoundLatents & { readers: Reader[] }>();
    for (const task of this.tasks(round)) {
      if (this.#segments.get(task.segment)?.readsSample !== true) continue;
      const { latents, sampleStep: step } = task;
      const key = `${latents.name}@${latents.version}`;
      const known = found.get(key) ?? { ...latents, step, readers: [] };
      found.set(key, known);
      addReader(known.readers, task);
    }
    return [...found.values()];
  }

  /** Whether a job may be held before a round, for a step in order: it is not one itself, and the job has not just begun with it. */
  mayHold({ mode }: Round): boolean {
    return mode === 'async' && this.#ahead !== undefined;
  }

  /**
   * Whether it may also be held between two steps of a round: nothing but the step itself depends on where its round ends. With several components
   * the others compute for the last step of a round.
   */
  mayHoldWithin(round: Round): boolean {
    return this.mayHold(round) && this.#partition.components.length === 1;
  }

  /** Boundary tensors below this version may be dropped once no earlier round is pending. */
  oldestVersionRead(round: Round): number {
    return this.#ahead?.oldestVersionRead(round) ?? oldestVersionRead(this.#partition, round);
  }

  /** Before every step in order and the end: from there back, until as many rounds as a tensor may be old have nothing to leave out. */
  #trim(maxLag: number): void {
    let needed = new Set<string>();
    let whole = 0;
    for (const round of this.rounds.toReversed()) {
      if (round.mode === 'sync') {
        needed = new Set();
        whole = 0;
        continue;
      }
      if (whole >= maxLag) continue;
      const all = expandRound(this.#partition, round, this.#settings);
      const kept = this.#keepNeeded(all, needed);
      const isWhole =
        kept.length === all.length && kept.every((task, i) => task.writes.length === all[i]?.writes.length);
      whole = isWhole ? whole + 1 : 0;
      if (!isWhole) this.#trimmed.set(round.round, kept);
    }
  }

  /** @param needed `name@version` of what later rounds read; what these tasks read is added */
  #keepNeeded(tasks: readonly Task[], needed: Set<string>): Task[] {
    const neededHere = new Set<string>();
    const kept: Task[] = [];
    for (const task of tasks.toReversed()) {
      const local = (name: string): string => `${name}\n${task.component}/${task.run}`;
      const { localReads = [], localWrites = [] } = this.#segments.get(task.segment) ?? {};
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

function addReader(readers: Reader[] | undefined, { component, run }: Reader): void {
  if (readers?.some((one) => one.component === component && one.run === run) === false)
    readers.push({ component, run });
}

/** Values of the rounds that were asked about last. */
class Lately<T> {
  readonly #values = new Map<number, T>();

  of(round: number, make: () => T): T {
    const known = this.#values.get(round);
    if (known !== undefined) return known;
    const made = make();
    this.#values.set(round, made);
    if (this.#values.size > KEPT_ROUNDS) this.#values.delete(this.#values.keys().next().value as number);
    return made;
  }
}
