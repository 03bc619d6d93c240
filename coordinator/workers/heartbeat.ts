import { AsyncDiffError } from '../../common/errors/index.js';
import type { WorkerLimitsMs } from './limits.js';
import type { WorkerHandle } from './worker-handle.js';

/** Pings every worker at an interval, and gives those up that have been silent for too long. */
export class Heartbeat {
  readonly #workers: () => Iterable<WorkerHandle>;
  readonly #limitsMs: Pick<WorkerLimitsMs, 'ping' | 'silence'>;
  readonly #timer: NodeJS.Timeout;
  #lastBeatMs = performance.now();

  constructor(workers: () => Iterable<WorkerHandle>, limitsMs: Pick<WorkerLimitsMs, 'ping' | 'silence'>) {
    this.#workers = workers;
    this.#limitsMs = limitsMs;
    this.#timer = setInterval(() => this.#beat(), limitsMs.ping);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    // Where this process itself stood still, nobody else is to blame: what came meanwhile is read first.
    const nowMs = performance.now();
    const stoodStill = nowMs - this.#lastBeatMs > 2 * this.#limitsMs.ping;
    this.#lastBeatMs = nowMs;
    for (const worker of this.#workers()) {
      if (!stoodStill && worker.silentMs > this.#limitsMs.silence) {
        const seconds = (worker.silentMs / 1000).toFixed(1);
        worker.lose(
          new AsyncDiffError('worker_lost', `worker ${worker.name} has not answered for ${seconds} s`),
          'silent',
        );
      } else worker.ping();
    }
  }
}
