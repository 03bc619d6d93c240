import { AsyncDiffError } from '../../common/errors/index.js';
import { Deadline } from '../../common/pending/index.js';
import { isLatents } from '../../program/index.js';
import type { WorkerHandle, WorkerProgress } from '../workers/index.js';
import type { Deployment } from './deployment.js';
import type { DeploymentLinks } from './deployment-links.js';

/** Limit of a round, over the sum of its segments' times. */
const ROUND_FACTOR = 5;
/** Least time between two looks at what the workers do: the second tells whether anything has moved. */
const LOOK_AGAIN_MS = 1_000;
/** From so many rounds on, their own times set the limit of the next one, not the times that segments were measured to take. */
const ENOUGH_ROUNDS = 8;
/**
 * Patience over the longest of those rounds: so long after the last report the workers are looked at, and as long after that again. No task takes
 * longer than a round (a step in order takes several rounds), so one that ends between the two looks is seen.
 */
const PATIENCE = 1.25;
/** Looks that find every worker in the same run before those workers are blamed. */
const MAX_PATIENT_LOOKS = 2;

/**
 * How long no report of a job's rounds may come: from the segments' times as the workers measured them, one after another.
 * @param minMs lower bound of the result, milliseconds
 * @param rounds rounds per report
 */
export function roundLimitMs(
  { segmentMs }: Pick<Deployment, 'segmentMs'>,
  minMs: number,
  stride: number,
  rounds: number,
): number {
  let stepMs = 0;
  for (const ms of segmentMs.values()) stepMs += ms;
  return Math.max(minMs, ROUND_FACTOR * stepMs * Math.max(1, stride) * rounds);
}

/** What is wrong with a job of which nothing is heard. */
export type Blame =
  | { readonly kind: 'worker'; readonly worker: WorkerHandle; readonly why: string }
  | { readonly kind: 'link'; readonly from: WorkerHandle; readonly to: WorkerHandle; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export interface RoundWatchOptions {
  readonly deployment: Pick<Deployment, 'samplingWorkerId' | 'worker' | 'workers' | 'links'>;
  /** Upper bound: a round whose steps are told one by one has several reports. */
  readonly reportsPerRound: number;
  /** Time for a report, milliseconds, until enough have come to tell how long they take; later the upper bound. */
  readonly limitMs: number;
  /** Whether the executor waits for the workers; while it waits for its client, nothing is late. */
  readonly isAwaited: () => boolean;
  readonly onStuck: (blame: Blame) => void;
}

type Report = readonly [WorkerHandle, WorkerProgress];

/**
 * Watches an attempt: every report begins its time anew, which after the first ones follows from them. When that is over, the workers are asked what they are at. As long as any of
 * them finishes tasks, the job is slow and goes on; otherwise the one is named that does not answer, whose run does not end, or whose
 * tensor did not reach the one that waits for it.
 */
export class RoundWatch {
  readonly #options: RoundWatchOptions;
  readonly #deadline: Deadline;
  #before: ReadonlyMap<string, number> | undefined;
  #looks = 0;
  #isOver = false;
  /** Times between reports, the last ones. */
  readonly #gapsMs: number[] = [];
  #reportedMs = performance.now();

  constructor(options: RoundWatchOptions) {
    this.#options = options;
    this.#deadline = this.#start(options.limitMs);
  }

  /** A round, or a part of it, is done. */
  reported(): void {
    const nowMs = performance.now();
    this.#gapsMs.push(nowMs - this.#reportedMs);
    if (this.#gapsMs.length > this.#window) this.#gapsMs.shift();
    this.#reportedMs = nowMs;
    this.moved();
  }

  /** Something was heard of the job. */
  moved(): void {
    this.#before = undefined;
    this.#looks = 0;
    this.#deadline.extend(this.#limitMs);
  }

  /** Time for the next report, milliseconds. */
  get #limitMs(): number {
    const { deployment, limitMs } = this.#options;
    if (this.#gapsMs.length < this.#window) return limitMs;
    const minMs = Math.max(...deployment.workers.map((worker) => worker.limitsMs.round));
    return Math.min(limitMs, Math.max(minMs, PATIENCE * Math.max(...this.#gapsMs)));
  }

  get #lookAgainMs(): number {
    const knows = this.#gapsMs.length >= this.#window;
    return Math.max(LOOK_AGAIN_MS, knows ? PATIENCE * Math.max(...this.#gapsMs) : 0);
  }

  /** Reports of {@link ENOUGH_ROUNDS} rounds. */
  get #window(): number {
    return ENOUGH_ROUNDS * this.#options.reportsPerRound;
  }

  close(): void {
    this.#isOver = true;
    this.#deadline.clear();
  }

  #start(withinMs: number): Deadline {
    return new Deadline(withinMs, () => void this.#look(), { repeats: true });
  }

  async #look(): Promise<void> {
    const { deployment, isAwaited, onStuck } = this.#options;
    const limitMs = this.#limitMs;
    if (!isAwaited()) {
      this.moved();
      return;
    }
    const before = this.#before;
    const answers = await Promise.allSettled(
      deployment.workers.map(async (worker): Promise<Report> => [worker, await worker.ask()]),
    );
    // One that did not answer is lost by now, and the job has heard of it.
    if (this.#isOver || answers.some(({ status }) => status === 'rejected')) return;
    const reports = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const done = new Map(reports.map(([{ id }, { tasksDone }]) => [id, tasksDone]));
    this.#before = done;
    if (before === undefined) {
      this.#deadline.extend(this.#lookAgainMs);
      return;
    }
    this.#looks += 1;
    const isMoving = [...done].some(([id, count]) => count !== before.get(id));
    const areAllComputing = reports.every(([, { computing }]) => computing);
    if (isMoving || (areAllComputing && this.#looks < MAX_PATIENT_LOOKS)) {
      this.#deadline.extend(limitMs);
      return;
    }
    onStuck(blameFor(deployment, reports, limitMs));
  }
}

/** Who holds up a job in which no task is finished any more. */
function blameFor(
  deployment: Pick<Deployment, 'samplingWorkerId' | 'worker'> & {
    readonly links: Pick<DeploymentLinks, 'producerOf' | 'directPairs'>;
  },
  reports: readonly Report[],
  limitMs: number,
): Blame {
  const seconds = `${(limitMs / 1000).toFixed(1)} s`;
  const hung = reports.find(([, { computing }]) => computing);
  if (hung !== undefined) {
    const [worker] = hung;
    const why = `worker ${worker.name} did not end a run within ${seconds}`;
    return { kind: 'worker', worker, why };
  }
  // Of all that is waited for, the oldest: what came later waits for it in turn.
  const waiting = reports
    .filter(([, { missing }]) => missing.length > 0)
    .toSorted(([, a], [, b]) => a.round - b.round);
  for (const [to, { missing, round }] of waiting) {
    for (const name of missing) {
      const from =
        deployment.links.producerOf(name, to.id) ??
        (isLatents(name) ? deployment.worker(deployment.samplingWorkerId ?? '') : undefined);
      if (from === undefined || from === to) continue;
      const why = `"${name}" for round ${round} did not come from worker ${from.name} to worker ${to.name} within ${seconds}`;
      // What already goes through the coordinator was never made, or never sent.
      const isDirect = deployment.links.directPairs.some(([a, b]) => a === from && b === to);
      return isDirect ? { kind: 'link', from, to, why } : { kind: 'worker', worker: from, why };
    }
  }
  return { kind: 'unknown', why: `no round was finished within ${seconds}, and no worker waits for another` };
}

/** The loss of an attempt, as the error that it ends with. */
export function errorOf({ why }: Blame): AsyncDiffError {
  return new AsyncDiffError('worker_lost', why);
}
