import type { AsyncDiffError } from '../../common/errors/index.js';
import type { WorkerExecution } from '../../execution/index.js';
import type { StartJob } from '../../rpc/gen/asyncdiff/v1/StartJob.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import type { WorkerLimitsMs } from './limits.js';
import type { WorkerAsks } from './worker-asks.js';
import type { JobListener, WorkerLink } from './worker-link.js';

/** What a worker is told of an attempt when it starts. */
export type StartOrder = Omit<StartJob, 'generation'>;

/** The attempt of a job that a worker is at, and who listens to it. What is of another one does nothing. */
export class WorkerAttempt {
  readonly #asks: WorkerAsks;
  readonly #limitsMs: WorkerLimitsMs;
  readonly #link: Pick<WorkerLink, 'send'>;
  #listener: JobListener | undefined;

  constructor(asks: WorkerAsks, limitsMs: WorkerLimitsMs, link: Pick<WorkerLink, 'send'>) {
    this.#asks = asks;
    this.#limitsMs = limitsMs;
    this.#link = link;
  }

  /** Resolves when the worker has started it. */
  begin(start: StartJob, listener: JobListener, signal?: AbortSignal): Promise<void> {
    this.#listener = listener;
    const started = this.#asks.ask<void>(`started/${listener.jobId}/${listener.attempt}`, {
      task: 'start a job',
      withinMs: this.#limitsMs.start,
      signal,
    });
    this.#link.send({ startJob: start });
    return started;
  }

  /** Nobody listens to it any more; false if it is not the present one. */
  leave(jobId: string, attempt: number): boolean {
    if (!this.#isCurrent({ jobId, attempt })) return false;
    this.#listener = undefined;
    return true;
  }

  /** Has the worker end it; resolves with its report, or undefined if the worker is lost, or cannot. */
  async end(jobId: string, attempt: number, discard: boolean): Promise<WorkerExecution | undefined> {
    const reported = this.#asks.ask<WorkerExecution>(`report/${jobId}/${attempt}`, {
      task: 'end a job',
      withinMs: this.#limitsMs.end,
    });
    this.#link.send({ endJob: { jobId, attempt, discard } });
    return reported.catch(() => undefined);
  }

  /** A message about a job; false for any other. */
  take(message: WorkerMessage__Output): boolean {
    const { noisePrediction, itemOutput, roundDone, relayedFrame, relayCredit } = message;
    const listener = this.#listener;
    if (noisePrediction) {
      if (this.#isCurrent(noisePrediction)) listener?.onNoise(noisePrediction);
    } else if (itemOutput) {
      if (this.#isCurrent(itemOutput)) listener?.onOutput?.(itemOutput);
    } else if (roundDone) {
      if (this.#isCurrent(roundDone)) listener?.onRoundDone(roundDone);
    } else if (relayedFrame) {
      if (this.#isCurrent(relayedFrame.frame)) listener?.onRelayedFrame(relayedFrame);
    } else if (relayCredit) {
      if (this.#isCurrent(relayCredit)) listener?.onRelayCredit(relayCredit);
    } else return false;
    return true;
  }

  /** The worker failed at it. */
  fail(jobId: string, attempt: number, error: AsyncDiffError): void {
    this.#asks.fail(`started/${jobId}/${attempt}`, error);
    this.#asks.fail(`report/${jobId}/${attempt}`, error);
    if (this.#isCurrent({ jobId, attempt })) this.#listener?.onFault(error);
  }

  /** The worker is gone. Returns who listened. */
  forget(): JobListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    return listener;
  }

  #isCurrent(of: { readonly jobId: string; readonly attempt: number } | null): boolean {
    return (
      this.#listener !== undefined &&
      of?.jobId === this.#listener.jobId &&
      of.attempt === this.#listener.attempt
    );
  }
}
