import { setMaxListeners } from 'node:events';
import { AsyncDiffError } from '../../common/errors/index.js';

/** The next job waits so long for a cancelled one, which may be in a call that cannot be interrupted. */
const GIVEN_UP_MS = 800;

interface Entry {
  readonly jobId: string;
  readonly controller: AbortController;
  readonly begin: () => void;
  readonly cancel: (error: AsyncDiffError) => void;
  readonly onPosition: (ahead: number) => void;
}

/**
 * Jobs in the order in which they came, one at a time: a job has all workers. States: queued, running, then gone
 * (done, failed or cancelled).
 */
export class JobQueue {
  readonly #maxQueued: number;
  readonly #waiting: Entry[] = [];
  readonly #running = new Map<string, AbortController>();
  #closed: AsyncDiffError | undefined;

  constructor(maxQueued: number) {
    this.#maxQueued = maxQueued;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#running.size;
  }

  /**
   * Runs `work` when its turn has come. `signal` (the client's) and {@link cancel} abort it, queued or running.
   * Throws `queue_full` at once when too many wait, and what {@link close} was given once it was called.
   */
  async run<T>(
    jobId: string,
    signal: AbortSignal,
    onPosition: (ahead: number) => void,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    // Each of a job's waits listens, as many as previews are in flight: that is no leak.
    setMaxListeners(0, controller.signal);
    const onAbort = (): void => {
      this.#abort(jobId, AsyncDiffError.from(signal.reason, 'cancelled'), controller);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) throw AsyncDiffError.from(signal.reason, 'cancelled');
      await this.#turn(jobId, controller, onPosition);
      return await orGivenUp(work(controller.signal), controller.signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (this.#running.delete(jobId)) this.#next();
    }
  }

  /** Cancels a job; false if there is none of that name. */
  cancel(jobId: string): boolean {
    return this.#abort(
      jobId,
      new AsyncDiffError('cancelled', `job ${jobId} was cancelled`),
      this.#running.get(jobId),
    );
  }

  /** Takes no more jobs: those that wait, and those that come, fail with `error`. The running one goes on. */
  close(error: AsyncDiffError): void {
    this.#closed = error;
    for (const { cancel } of this.#waiting.splice(0)) cancel(error);
  }

  /** Cancels the running job. */
  abort(error: AsyncDiffError): void {
    for (const controller of this.#running.values()) controller.abort(error);
  }

  #turn(jobId: string, controller: AbortController, onPosition: (ahead: number) => void): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#running.size === 0 && this.#waiting.length === 0) {
      this.#running.set(jobId, controller);
      onPosition(0);
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#maxQueued) {
      throw new AsyncDiffError('queue_full', `${this.#waiting.length} jobs wait already`);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ jobId, controller, begin: resolve, cancel: reject, onPosition });
      onPosition(this.#waiting.length);
    });
  }

  #next(): void {
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    // Set before the promise settles: a job that arrives in between must not jump the queue.
    this.#running.set(entry.jobId, entry.controller);
    entry.begin();
    for (const [index, waiting] of this.#waiting.entries()) waiting.onPosition(index + 1);
  }

  #abort(jobId: string, error: AsyncDiffError, running: AbortController | undefined): boolean {
    const index = this.#waiting.findIndex((entry) => entry.jobId === jobId);
    if (index >= 0) {
      this.#waiting.splice(index, 1)[0]?.cancel(error);
      return true;
    }
    running?.abort(error);
    return running !== undefined;
  }
}

/** What `work` gives; when it was cancelled and does not end by itself, the next job does not wait for it. */
function orGivenUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => reject(AsyncDiffError.from(signal.reason, 'cancelled')), GIVEN_UP_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const settled = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    work.finally(settled).then(resolve, reject);
  });
}
