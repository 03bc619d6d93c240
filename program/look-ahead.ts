import { isLastComponent } from './guidance-split.js';
import { LATENTS, latentsName } from './latents.js';
import type { Partition } from './partition.js';
import { lastStepOf, type LookAheadSchedule, type Round, type ScheduleSettings } from './rounds.js';
import { segmentsOfRun } from './run-segments.js';
import { aheadOf, type Stage, stagesOf } from './stages.js';
import { type Read, type Task, taskId, type VersionedTensor } from './task.js';

/** Settings with look-ahead. */
type AheadSettings = ScheduleSettings & { readonly lookAhead: LookAheadSchedule };

/** Whether latents can be predicted while step `step` runs: the model has answered at least once before. */
export function isPredictable(step: number): boolean {
  return step > 0;
}

/**
 * The program of a job that looks ahead. A stage that lies D rounds before component N's last run computes for a step of the round
 * after D more: on the latents predicted for that step, at its timestep, on tensors that were made for it. So all that one noise
 * prediction is made of belongs to one step, and nothing is stale but the knowledge from which the latents were predicted.
 * Tensors are versioned by the step that they are made for.
 *
 * With stride S all but component N compute for the last step of a round; component N's runs for the steps between read their
 * tensors between those of the round before and their own round's, linearly.
 */
export class AheadProgram {
  readonly #stages: readonly Stage[];
  readonly #rounds: readonly Round[];
  readonly #byNumber: ReadonlyMap<number, Round>;
  readonly #settings: AheadSettings;
  readonly #makers = new Map<string, number>();
  /** Segments of component N that its noise predictions depend on without the other components. */
  readonly #neededByOwn: ReadonlySet<string>;
  /** D of the stage that looks ahead furthest. */
  readonly farthest: number;

  constructor(partition: Partition, rounds: readonly Round[], settings: AheadSettings) {
    this.#stages = stagesOf(partition);
    this.#rounds = rounds;
    this.#byNumber = new Map(rounds.map((round) => [round.round, round]));
    this.#settings = settings;
    this.#neededByOwn = new Set(
      partition.components
        .filter(({ index }) => isLastComponent(partition, index))
        .flatMap(({ index }) => segmentsOfRun(partition, index, false))
        .map(({ id }) => id),
    );
    const ahead = aheadOf(partition);
    for (const { id, boundaryWrites } of partition.segments)
      for (const name of boundaryWrites) this.#makers.set(name, ahead.get(id)!);
    this.farthest = Math.max(...ahead.values());
  }

  /** The tasks of the round at this place in the list, in an order in which one process may run them. */
  tasks(at: number): Task[] {
    const round = this.#rounds[at] as Round;
    if (round.mode === 'async')
      return this.#stages.flatMap((stage) => [
        ...(this.#isUnfilled(round, stage) ? this.#serveTail(round, stage) : []),
        ...this.#serve(round, stage, this.#later(at, stage.ahead), stage.ahead),
      ]);
    // The head of a U-shape fills at once: its worker has nothing else to do until the tail can run.
    const [heads, others] = [this.#stages.filter(isHead), this.#stages.filter((stage) => !isHead(stage))];
    return [heads, others].flatMap((stages) => [
      ...stages.flatMap((stage) => this.#serve(round, stage, round, 0)),
      ...this.#fill(round, at, stages),
    ]);
  }

  /** The oldest version that this round or any later one may read: older ones can be dropped. */
  oldestVersionRead(round: Round): number {
    if (round.mode === 'sync') return round.firstStep;
    const sync = this.#syncStep(round);
    // With stride above 1 the version that the round before read is read once more.
    const again = this.#settings.stride === 1 ? 0 : 1;
    if (!isPredictable(sync) && round.round - round.lastSync <= this.farthest + again) return sync;
    return round.firstStep - again;
  }

  /**
   * In a synchronous step, while later components compute it, the earlier ones compute for the rounds that follow what these will read: no
   * asynchronous round came before that could have made it.
   */
  #fill(round: Round, at: number, stages: readonly Stage[]): Task[] {
    if (!isPredictable(round.firstStep)) return [];
    const tasks: Task[] = [];
    for (let rounds = 1; rounds <= this.farthest; rounds++)
      for (const stage of stages)
        if (stage.ahead >= rounds) tasks.push(...this.#serve(round, stage, this.#later(at, rounds), rounds));
    return tasks;
  }

  /** Whether an earlier round should have made what is read now, and could not: nothing was known to predict from. */
  #isUnfilled(round: Round, { ahead }: Stage): boolean {
    return !isPredictable(this.#syncStep(round)) && round.round - round.lastSync <= ahead;
  }

  /** Where the head of a U-shape has not filled, it computes for its own tail now, as in AsyncDiff. */
  #serveTail(round: Round, stage: Stage): Task[] {
    if (!isHead(stage)) return [];
    return this.#serve(round, stage, round, 0)
      .filter(({ segment }) => this.#neededByOwn.has(segment))
      .map((task) => ({ ...task, writes: [] }));
  }

  /** The round after so many more, if no synchronous step lies between. */
  #later(at: number, rounds: number): Round | undefined {
    const round = this.#rounds[at] as Round;
    const later = this.#rounds[at + rounds];
    return later?.lastSync === round.lastSync ? later : undefined;
  }

  /** What a stage computes in `round` for `target`, which lies so many rounds ahead. */
  #serve(round: Round, stage: Stage, target: Round | undefined, rounds: number): Task[] {
    if (target === undefined) return [];
    const last = target.steps - 1;
    const runs = stage.everyStep ? Array.from({ length: target.steps }, (_, run) => run) : [last];
    return runs.flatMap((run) =>
      stage.segments.flatMap((segment): Task[] => {
        // What only other components read is made once, for the last step.
        if (run !== last && !this.#neededByOwn.has(segment.id)) return [];
        const step = target.firstStep + run;
        const made = {
          round: round.round,
          segment: segment.id,
          run: stage.everyStep ? run : 0,
          version: step,
        };
        // Field by field: a spread costs more than all the rest, and plans are chosen by simulating thousands of rounds.
        const task: Task = {
          id: taskId(made),
          round: made.round,
          segment: made.segment,
          run: made.run,
          version: made.version,
          component: stage.component,
          sampleStep: step,
          timestepStep: step,
          latents: this.#latents(round, stage, run, rounds),
          reads: segment.boundaryReads.map((name) => this.#read(name, target, run)),
          writes: run === last ? segment.boundaryWrites.map((name) => ({ name, version: step })) : [],
          epsStep: segment.writesOutput ? step : undefined,
        };
        return [task];
      }),
    );
  }

  #latents({ firstStep }: Round, stage: Stage, run: number, rounds: number): VersionedTensor {
    const name = latentsName(stage, rounds, stage.everyStep ? run : 0, this.#settings.lookAhead);
    return { name, version: name === LATENTS ? firstStep + (stage.everyStep ? run : 0) : firstStep };
  }

  #read(name: string, target: Round, run: number): Read {
    const newest = this.#versionFor(name, target);
    const step = target.firstStep + run;
    if (newest <= step) return { name, version: newest };
    const before = this.#byNumber.get(target.round - 1) as Round;
    const version = before.mode === 'sync' ? before.firstStep : this.#versionFor(name, before);
    return { name, version: newest, blend: { version, share: (step - version) / (newest - version) } };
  }

  /** The version that is made for a round; where nothing could be predicted yet, the synchronous step's, as in AsyncDiff. */
  #versionFor(name: string, target: Round): number {
    const sync = this.#syncStep(target);
    const since = target.round - target.lastSync;
    return isPredictable(sync) || since > this.#makers.get(name)! ? lastStepOf(target) : sync;
  }

  #syncStep({ lastSync }: Round): number {
    return (this.#byNumber.get(lastSync) as Round).firstStep;
  }
}

function isHead({ everyStep, ahead }: Stage): boolean {
  return everyStep && ahead > 0;
}
