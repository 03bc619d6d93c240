import { clockMs } from '../../execution/index.js';

/** A part of a job at the coordinator, on its clock (see clockMs). */
export interface Phase {
  /** `queue`, `encode`, `plan`, `send` (the plan to its workers, until all are ready), `denoise`, `decode`. */
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
}

/** What a job does at the coordinator besides its rounds: one thing after another, for the trace. */
export class Phases {
  readonly #done: Phase[] = [];

  get done(): readonly Phase[] {
    return this.#done;
  }

  add(name: string, startMs: number): void {
    this.#done.push({ name, startMs, durationMs: clockMs() - startMs });
  }

  /** Does it, and remembers how long it took. */
  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startMs = clockMs();
    try {
      return await work();
    } finally {
      this.add(name, startMs);
    }
  }
}
