import type { PlanSettings } from '../common/settings/index.js';
import type { Partition, Segment } from './partition.js';
import { segmentsOfRun } from './run-segments.js';

/** Warm-up steps where the settings say `auto`, or all steps where there are fewer. */
const AUTO_WARM_UP = 3;

/** What the schedule of one job needs to know, besides the partition. */
export interface ScheduleSettings {
  /** T, steps of the sampler. */
  readonly numInferenceSteps: number;
  /** S, steps finished per asynchronous round. */
  readonly stride: number;
  /** w, leading steps that run in order, 1..T. */
  readonly warmUp: number;
  /** Feed the predictor, in asynchronous rounds, the timestep of one step earlier (AsyncDiff's `time_shift`). */
  readonly timeShift: boolean;
  /** Step at which the job (or, after a loss, this attempt of it) begins, its first warm-up step. Defaults to 0. */
  readonly firstStep?: number;
}

/**
 * One round. Synchronous rounds advance one step with staleness 0; asynchronous rounds advance up to S steps.
 * Rounds are numbered so that the last warm-up step is round 0: warm-up step i is round i - (w - 1). The outputs of a
 * round are version `round` of the boundary tensors.
 */
export interface Round {
  readonly round: number;
  readonly mode: 'sync' | 'async';
  /** k, index of the first step that it covers. */
  readonly firstStep: number;
  /** Steps that it covers: 1 in a synchronous round, min(S, T - k) in an asynchronous one. */
  readonly steps: number;
  /** The last synchronous round before or at this one: no version older than it is ever read from here on. */
  readonly lastSync: number;
}

/** A boundary tensor at one version. */
export interface VersionedTensor {
  readonly name: string;
  readonly version: number;
}

/** One run of one segment: the unit of work. Everything that it reads is named, so that nothing depends on timing. */
export interface Task {
  /** `r<round>/<segment>/j<run>`, unique within a job. */
  readonly id: string;
  readonly round: number;
  readonly component: number;
  readonly segment: string;
  /** j: 0..S-1 for component N, 0 for the others. */
  readonly run: number;
  /** Step whose latents it reads (if its segment reads the latent input). */
  readonly sampleStep: number;
  /** Step whose timestep it is given. */
  readonly timestepStep: number;
  readonly reads: readonly VersionedTensor[];
  /** Empty for runs of component N before its last one in the round. */
  readonly writes: readonly VersionedTensor[];
  /** Step whose noise prediction it produces; undefined for segments that do not write the output. */
  readonly epsStep: number | undefined;
}

/** The schedule of a job of so many steps. */
export function scheduleOf(
  { stride, warmUp, timeShift }: Pick<PlanSettings, 'stride' | 'warmUp' | 'timeShift'>,
  numInferenceSteps: number,
): ScheduleSettings {
  const leading = warmUp === 'auto' ? Math.min(AUTO_WARM_UP, numInferenceSteps) : warmUp;
  return { numInferenceSteps, stride, warmUp: leading, timeShift };
}

/** The rounds of a whole job: warm-up, then asynchronous rounds to the end (AsyncDiff, arXiv 2406.06911, section 3). */
export function listRounds(settings: ScheduleSettings): Round[] {
  const { numInferenceSteps, stride, warmUp, firstStep = 0 } = settings;
  const rounds: Round[] = [];
  const asyncFrom = firstStep + warmUp;
  for (let step = firstStep; step < Math.min(asyncFrom, numInferenceSteps); step++) {
    const round = step - (asyncFrom - 1);
    rounds.push({ round, mode: 'sync', firstStep: step, steps: 1, lastSync: round });
  }
  for (let step = asyncFrom, round = 1; step < numInferenceSteps; step += stride, round++) {
    const steps = Math.min(stride, numInferenceSteps - step);
    rounds.push({ round, mode: 'async', firstStep: step, steps, lastSync: 0 });
  }
  return rounds;
}

/** The version of a boundary tensor that `round` reads: its own in a synchronous round, else `lag` rounds back. */
export function readVersion(round: Round, lag: number): number {
  return round.mode === 'sync' ? round.round : Math.max(round.round - lag, round.lastSync);
}

/** Name of a task, unique within a job. */
export function taskId(round: number, segment: string, run: number): string {
  return `r${round}/${segment}/j${run}`;
}

/** The tasks of one round, in an order in which one process may run them. */
export function expandRound(partition: Partition, round: Round, settings: ScheduleSettings): Task[] {
  const last = partition.components.length;
  const lags = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor.lag]));
  const task = (segment: Segment, run: number, runs: number): Task => {
    const step = segment.component === last ? round.firstStep + run : round.firstStep + round.steps - 1;
    const shift = settings.timeShift && round.mode === 'async' ? 1 : 0;
    return {
      id: taskId(round.round, segment.id, run),
      round: round.round,
      component: segment.component,
      segment: segment.id,
      run,
      sampleStep: round.firstStep,
      timestepStep: step - shift,
      reads: segment.boundaryReads.map((name) => ({
        name,
        version: readVersion(round, lags.get(name) ?? 1),
      })),
      writes: run === runs - 1 ? segment.boundaryWrites.map((name) => ({ name, version: round.round })) : [],
      epsStep: segment.writesOutput ? round.firstStep + run : undefined,
    };
  };
  if (round.mode === 'sync') return partition.segments.map((segment) => task(segment, 0, 1));
  const tasks: Task[] = [];
  for (const { index } of partition.components) {
    const runs = index === last ? round.steps : 1;
    for (let run = 0; run < runs; run++) {
      const segments = segmentsOfRun(partition, index, run === runs - 1);
      tasks.push(...segments.map((segment) => task(segment, run, runs)));
    }
  }
  return tasks;
}

/** The oldest version that this round or any later one may read: older ones can be dropped. */
export function oldestVersionRead(partition: Partition, round: Round): number {
  if (round.mode === 'sync') return round.round;
  const maxLag = partition.boundaryTensors.reduce((lag, tensor) => Math.max(lag, tensor.lag), 1);
  return Math.max(round.round - maxLag, round.lastSync);
}
