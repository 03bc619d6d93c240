import { AsyncDiffError } from '../../common/errors/index.js';
import { Deadline } from '../../common/pending/index.js';
import { isLatents } from '../../program/index.js';
import type { WorkerHandle } from '../workers/index.js';
import type { Deployment } from './deployment.js';
import type { DeploymentLinks } from './deployment-links.js';
import { type Report, Stillness } from './stillness.js';

/** Limit of a round, over the sum of its segments' times. */
const ROUND_FACTOR = 5;
/** Least time between two looks at what the workers do. */
const LOOK_AGAIN_MS = 1_000;
/** By so much a timer may be early. */
const EARLY_MS = 10;
/** From so many rounds on, their own times set the limit of the next one, not the times that segments were measured to take. */
const ENOUGH_ROUNDS = 8;
/**
 * Patience over the longest of those rounds: so long after the last report the workers are looked at, and so long none of them may have begun or ended a
 * task. No task takes longer than a round (a step in order takes several).
 */
const PATIENCE = 1.25;
/** Patience over that again, where every worker is in a run and nothing tells whether it goes on: no other worker would be sooner. */
const ALL_COMPUTING = 2;
/** Processor time that a run may use, over the limit of a report, for each thread of its worker: one that goes on beyond it has no end. */
const MAX_PROCESSOR_LIMITS = 2;

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

/**
 * Watches an attempt: every report begins its time anew, which after the first ones follows from them. When that is over, the workers are asked what they are at. As long as any of
 * them begins or ends tasks, or computes on its processors, the job is slow and goes on; otherwise the one is named that does not answer, whose run does not end, or
 * whose tensor did not reach the one that waits for it.
 */
export class RoundWatch {
  readonly #options: RoundWatchOptions;
  readonly #deadline: Deadline;
  readonly #stillness = new Stillness();
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
    this.#stillness.end();
    this.#deadline.extend(this.#limitMs);
  }

  /** Time for the next report, milliseconds. */
  get #limitMs(): number {
    const { deployment, limitMs } = this.#options;
    if (this.#gapsMs.length < this.#window) return limitMs;
    const minMs = Math.max(...deployment.workers.map((worker) => worker.limitsMs.round));
    return Math.min(limitMs, Math.max(minMs, PATIENCE * Math.max(...this.#gapsMs)));
  }

  /** So long no task may have begun or ended. */
  get #stillLimitMs(): number {
    const { limitMs } = this.#options;
    if (this.#gapsMs.length < this.#window) return limitMs;
    return Math.min(limitMs, Math.max(LOOK_AGAIN_MS, PATIENCE * Math.max(...this.#gapsMs)));
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
    if (!isAwaited()) {
      this.moved();
      return;
    }
    const answers = await Promise.allSettled(
      deployment.workers.map(async (worker): Promise<Report> => {
        const at = await worker.ask();
        return { worker, at, heardMs: performance.now() };
      }),
    );
    // One that did not answer is lost by now, and the job has heard of it.
    if (this.#isOver || answers.some(({ status }) => status === 'rejected')) return;
    const reports = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const stillMs = this.#stillness.look(reports);
    const computing = reports.flatMap(({ worker, at }) => (at.computing ? [worker] : []));
    const known = computing.map((worker) => this.#stillness.computes(worker, this.#maxProcessorMs(worker)));
    const areAllUnknown =
      computing.length === reports.length && known.every((computes) => computes === undefined);
    const leftMs = this.#stillLimitMs * (areAllUnknown ? ALL_COMPUTING : 1) - stillMs;
    const isMoving = known.includes(true) || computing.some((worker) => this.#stillness.isNew(worker));
    if (leftMs > EARLY_MS || isMoving) this.#deadline.extend(Math.max(LOOK_AGAIN_MS, leftMs));
    else onStuck(blameFor(deployment, reports, stillMs));
  }

  /** Processor time that a run may use until it counts as one without an end. */
  #maxProcessorMs({ facts }: WorkerHandle): number {
    return MAX_PROCESSOR_LIMITS * this.#options.limitMs * facts.threads;
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
  const hung = reports.find(({ at }) => at.computing);
  if (hung !== undefined) {
    const { worker } = hung;
    const why = `worker ${worker.name} did not end a run within ${seconds}`;
    return { kind: 'worker', worker, why };
  }
  // Of all that is waited for, the oldest: what came later waits for it in turn.
  const waiting = reports
    .filter(({ at }) => at.missing.length > 0)
    .toSorted((a, b) => a.at.round - b.at.round);
  for (const {
    worker: to,
    at: { missing, round },
  } of waiting) {
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
