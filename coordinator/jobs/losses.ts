import { abortable } from '../../common/abort.js';
import { AsyncDiffError, type ErrorCode } from '../../common/errors/index.js';
import type { Deployments } from '../deployment/index.js';
import type { WorkerHandle } from '../workers/index.js';

/** Losses after which a job is given up if nothing was finished between them. */
const MAX_WITHOUT_PROGRESS = 4;
/** What costs an attempt, and not the job. */
const LOSSES: ReadonlySet<ErrorCode> = new Set(['worker_lost', 'peer_unreachable']);

/** What the attempts of a job ended with, and whether there is another one. */
export class Losses {
  readonly #onLoss: ((error: AsyncDiffError, isGivenUp: boolean) => void) | undefined;
  /** Losses since the last step, or item, was finished. */
  #count = 0;
  #doneAtLast = -1;
  #last: AsyncDiffError | undefined;

  constructor(onLoss: ((error: AsyncDiffError, isGivenUp: boolean) => void) | undefined) {
    this.#onLoss = onLoss;
  }

  /** What the attempt before ended with; undefined in the first. */
  get last(): AsyncDiffError | undefined {
    return this.#last;
  }

  /** An attempt ended with this error when so many steps, or items, were finished: throws it, or what says more, where the job ends with it. */
  take(error: AsyncDiffError, done: number): void {
    // Nobody came back: what happened to the last one says more.
    if (error.code === 'no_workers' && this.#last !== undefined) throw this.#last;
    this.#count = done > this.#doneAtLast ? 1 : this.#count + 1;
    this.#doneAtLast = done;
    this.#last = error;
    if (!LOSSES.has(error.code)) throw error;
    const isGivenUp = this.#count >= MAX_WITHOUT_PROGRESS;
    this.#onLoss?.(error, isGivenUp);
    if (isGivenUp)
      throw new AsyncDiffError(
        error.code,
        `${error.rawMessage} (given up after ${this.#count} losses without progress between them)`,
        { cause: error },
      );
  }
}

/** Where a worker is gone, that is the loss, whoever noticed it first. */
export async function lossOf(
  error: AsyncDiffError,
  workers: readonly WorkerHandle[],
  { deployments, signal }: { readonly deployments: Deployments; readonly signal: AbortSignal },
): Promise<AsyncDiffError> {
  if (signal.aborted) return AsyncDiffError.from(signal.reason, 'cancelled');
  if (!LOSSES.has(error.code)) return error;
  await abortable(deployments.settle(), signal).catch(() => undefined);
  return workers.find(({ loss }) => loss !== undefined)?.loss ?? error;
}
