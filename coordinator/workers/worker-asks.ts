import { AsyncDiffError } from '../../common/errors/index.js';
import { Pending } from '../../common/pending/index.js';
import { fromJobReport } from '../../protocol/index.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import type { LossReason } from './worker-state.js';
import { checkAmounts, checkReport } from './worker-words.js';

interface Ask {
  /** In words: `start a job`. */
  readonly task: string;
  /** Time without progress, milliseconds. */
  readonly withinMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What a worker that does not answer in time is lost as. Default `late`. */
  readonly reason?: LossReason | undefined;
}

/** What one worker was asked and has not answered. A worker that takes too long is lost, and everything else that waits for it with it. */
export class WorkerAsks {
  readonly #name: string;
  readonly #onLate: (error: AsyncDiffError, reason: LossReason) => void;
  readonly #pending = new Pending<unknown>();
  #lost: AsyncDiffError | undefined;

  constructor(name: string, onLate: (error: AsyncDiffError, reason: LossReason) => void) {
    this.#name = name;
    this.#onLate = onLate;
  }

  /** Resolves with the answer that comes under this key. */
  ask<T>(key: string, { task, withinMs, signal, reason = 'late' }: Ask): Promise<T> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const lateError = (waitedMs: number): AsyncDiffError => {
      const error = new AsyncDiffError(
        'worker_lost',
        `worker ${this.#name} did not ${task} within ${(waitedMs / 1000).toFixed(1)} s`,
      );
      this.#onLate(error, reason);
      return error;
    };
    const what = `worker ${this.#name} to ${task}`;
    return this.#pending.wait(key, { what, withinMs, lateError, signal }) as Promise<T>;
  }

  /** A message that answers something; false for any other. What is not asked any more it does not answer. */
  take(workerId: string, message: WorkerMessage__Output): boolean {
    const { deployed, linksProbed, stateReport, jobStarted, jobReport, partOpened } = message;
    if (deployed) {
      checkAmounts('sessions that take', Object.values(deployed.segmentMs));
      this.answer(`deployed/${deployed.deploymentId}`, deployed);
    } else if (linksProbed) this.answer(`probed/${linksProbed.id}`, linksProbed);
    else if (stateReport) {
      checkAmounts(
        'a state with times',
        [stateReport.stillMs, stateReport.processorMs],
        Number.MAX_SAFE_INTEGER,
      );
      this.answer(`state/${stateReport.id}`, stateReport);
    } else if (partOpened) this.answer(`part/${partOpened.partId}`);
    else if (jobStarted) this.answer(`started/${jobStarted.jobId}/${jobStarted.attempt}`);
    else if (jobReport) {
      checkReport(jobReport);
      this.answer(`report/${jobReport.jobId}/${jobReport.attempt}`, fromJobReport(workerId, jobReport));
    } else return false;
    return true;
  }

  /** It is at it: the time begins anew. */
  progress(key: string): void {
    this.#pending.extend(key);
  }

  answer(key: string, value?: unknown): void {
    this.#pending.resolve(key, value);
  }

  fail(key: string, error: AsyncDiffError): void {
    this.#pending.reject(key, error);
  }

  /** The worker is lost: nothing more is asked of it. */
  lose(error: AsyncDiffError): void {
    this.#lost ??= error;
    this.#pending.rejectAll(error);
  }
}
