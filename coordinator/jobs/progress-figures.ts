import { driftReport } from '../../execution/index.js';
import { listRounds, type ScheduleSettings, workerOfRun } from '../../program/index.js';
import type { Deployment } from '../deployment/index.js';

/** What is said of a job while it runs, besides its step. */
interface JobFigures {
  /** Steps a second so far, time for planning and sending left out. */
  readonly stepsPerSecond: number;
  /** So far, against one worker that holds the whole predictor: that one's time is predicted. 0 where it is not known. */
  readonly speedup: number;
  /** Predicted, from rounds as they were measured so far. */
  readonly secondsLeft: number;
  /** Sum of the squared drifts of the steps so far that did not run in order; undefined where nothing is predicted. */
  readonly driftSum: number | undefined;
}

/** What an attempt runs with. */
interface AttemptTimes {
  readonly schedule: ScheduleSettings;
  /** Of a step on one worker, predicted. */
  readonly stepMs: number;
  /** Of an asynchronous round, predicted. */
  readonly periodMs: number;
}

/** Time of one kind of round so far. */
interface RoundTimes {
  ms: number;
  rounds: number;
}

/** Follows a job through its attempts. Times are given, so that nothing here looks at a clock. */
export class ProgressFigures {
  #times: AttemptTimes | undefined;
  #elapsedMs = 0;
  #lastMs = 0;
  #lastStep = 0;
  /** Steps that ran in order in earlier attempts. */
  #inOrder: readonly number[] = [];
  readonly #measured: Record<'sync' | 'async', RoundTimes> = {
    sync: { ms: 0, rounds: 0 },
    async: { ms: 0, rounds: 0 },
  };

  /** An attempt begins. */
  begin(times: AttemptTimes, nowMs: number): void {
    const { firstStep = 0 } = times.schedule;
    if (this.#times !== undefined) {
      const before = driftReport(this.#times.schedule, this.#inOrder, []).inOrder;
      this.#inOrder = before.filter((step) => step < firstStep);
    }
    this.#times = times;
    this.#lastMs = nowMs;
    this.#lastStep = firstStep;
    // Another plan's rounds say nothing of this one's.
    for (const kind of ['sync', 'async'] as const) this.#measured[kind] = { ms: 0, rounds: 0 };
  }

  /**
   * So many steps are finished.
   * @param heldAt steps that ran in order because of a drift
   * @param drifts by step, as far as they are known
   */
  at(
    step: number,
    nowMs: number,
    heldAt: readonly number[],
    drifts: readonly (number | undefined)[] | undefined,
  ): JobFigures {
    const times = this.#times as AttemptTimes;
    const tookMs = nowMs - this.#lastMs;
    this.#elapsedMs += tookMs;
    this.#measure(step, tookMs);
    this.#lastMs = nowMs;
    this.#lastStep = step;
    const seconds = this.#elapsedMs / 1000;
    return {
      stepsPerSecond: seconds === 0 ? 0 : step / seconds,
      speedup: seconds === 0 ? 0 : (step * times.stepMs) / this.#elapsedMs,
      secondsLeft: this.#leftMs(step) / 1000,
      driftSum:
        drifts === undefined
          ? undefined
          : driftReport(times.schedule, [...this.#inOrder, ...heldAt], drifts).driftSum,
    };
  }

  /** Reports of rounds of both kinds tell of neither. */
  #measure(step: number, tookMs: number): void {
    const told = this.#roundsBetween(this.#lastStep, step);
    const [kind] = new Set(told.map(({ mode }) => mode));
    if (kind === undefined || told.some(({ mode }) => mode !== kind)) return;
    this.#measured[kind].ms += tookMs;
    this.#measured[kind].rounds += told.length;
  }

  #leftMs(step: number): number {
    const { schedule, stepMs, periodMs } = this.#times as AttemptTimes;
    const each = { sync: stepMs, async: periodMs };
    for (const kind of ['sync', 'async'] as const) {
      const { ms, rounds } = this.#measured[kind];
      if (rounds > 0) each[kind] = ms / rounds;
    }
    const left = this.#roundsBetween(step, schedule.numInferenceSteps);
    return left.reduce((sum, { mode }) => sum + each[mode], 0);
  }

  #roundsBetween(from: number, to: number) {
    const { schedule } = this.#times as AttemptTimes;
    return listRounds(schedule).filter(({ firstStep }) => firstStep >= from && firstStep < to);
  }
}

/** Time of a step on one worker: of every segment once, as the worker that holds it measured it, milliseconds. */
export function oneWorkerStepMs({ plan, segmentMs }: Pick<Deployment, 'plan' | 'segmentMs'>): number {
  return plan.specs.reduce((sum, { id, component }) => {
    return sum + (segmentMs.get(`${workerOfRun(plan.placement, component, 0)}/${id}`) ?? 0);
  }, 0);
}
