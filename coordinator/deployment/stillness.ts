import type { WorkerHandle, WorkerProgress } from '../workers/index.js';

/** What a worker said, and when. */
export interface Report {
  readonly worker: WorkerHandle;
  readonly at: WorkerProgress;
  readonly heardMs: number;
}

/** Of one core, in a run on the processor: less is pings. What is left to a run on two cores with 40 others is as much. */
const COMPUTING_SHARE = 0.05;

interface Used {
  /** At the first look. */
  readonly firstMs: number;
  /** At the last one. */
  readonly ms: number;
  readonly atMs: number;
  /** Of a core, between the last two; undefined after one. */
  readonly share: number | undefined;
}

/** For how long no worker of an attempt has begun or ended a task, and what each has used of its processors since, as looks at them tell. */
export class Stillness {
  #sinceMs = performance.now();
  /** Of each worker. */
  readonly #moves = new Map<string, number>();
  readonly #used = new Map<string, Used>();

  /** Something moved. */
  end(): void {
    this.#moves.clear();
    this.#begin(performance.now());
  }

  /** Takes what the workers say; milliseconds since any of them has begun or ended a task. */
  look(reports: readonly Report[]): number {
    for (const {
      worker: { id },
      at: { moves, stillMs },
      heardMs,
    } of reports) {
      // One that has done neither since the last look is not believed what it says of the time.
      if (this.#moves.get(id) === moves) continue;
      this.#moves.set(id, moves);
      this.#used.delete(id);
      if (heardMs - stillMs > this.#sinceMs) this.#begin(heardMs - stillMs);
    }
    for (const {
      worker: { id },
      at: { processorMs: ms, computing },
      heardMs,
    } of reports) {
      if (!computing || ms === 0) continue;
      const before = this.#used.get(id);
      const share = before === undefined ? undefined : (ms - before.ms) / (heardMs - before.atMs);
      this.#used.set(id, { firstMs: before?.firstMs ?? ms, ms, atMs: heardMs, share });
    }
    return performance.now() - this.#sinceMs;
  }

  /**
   * Whether a worker that is in a run computes: it uses its processors, and has not used more than `maxMs` of them. Undefined where that cannot be told: of
   * other devices, and after one look.
   */
  computes({ id }: WorkerHandle, maxMs: number): boolean | undefined {
    const used = this.#used.get(id);
    if (used?.share === undefined) return undefined;
    return used.share >= COMPUTING_SHARE && used.ms - used.firstMs <= maxMs;
  }

  /** Whether it has been looked at once: the next look tells. */
  isNew({ id }: WorkerHandle): boolean {
    const used = this.#used.get(id);
    return used !== undefined && used.share === undefined;
  }

  #begin(sinceMs: number): void {
    this.#sinceMs = sinceMs;
    this.#used.clear();
  }
}
