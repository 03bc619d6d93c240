import type { PlanningProgress } from '../../planner/index.js';

/** What a job waits for before its first round. */
export interface Preparing {
  readonly stage: PlanningProgress['stage'] | 'send' | 'open' | 'measure';
  /** 0 to 1 of the stage. */
  readonly fraction: number;
}

export type OnPreparing = (progress: Preparing) => void;

/** How far the workers of a deployment are, from what each says of its own part. */
export class OpeningProgress {
  readonly #sessions: ReadonlyMap<string, number>;
  readonly #received = new Map<string, number>();
  readonly #opened = new Map<string, number>();
  readonly #totalBytes: number;
  readonly #onPreparing: OnPreparing;

  /**
   * @param sessions of each worker, by its id
   * @param totalBytes what all would receive if none of them had anything
   */
  constructor(sessions: ReadonlyMap<string, number>, totalBytes: number, onPreparing: OnPreparing) {
    this.#sessions = sessions;
    this.#totalBytes = totalBytes;
    this.#onPreparing = onPreparing;
    onPreparing({ stage: 'open', fraction: 0 });
  }

  update(workerId: string, receivedBytes: number, sessionsOpen: number): void {
    if (sessionsOpen === 0) {
      this.#received.set(workerId, receivedBytes);
      this.#onPreparing({ stage: 'send', fraction: Math.min(1, sum(this.#received) / this.#totalBytes) });
      return;
    }
    this.#opened.set(workerId, sessionsOpen);
    const fraction = Math.min(1, sum(this.#opened) / sum(this.#sessions));
    this.#onPreparing(fraction < 1 ? { stage: 'open', fraction } : { stage: 'measure', fraction: 0 });
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
