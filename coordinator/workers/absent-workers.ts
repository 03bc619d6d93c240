/** A worker that was lost, and has not come back. */
interface Absent {
  readonly why: string;
  readonly sinceMs: number;
}

/** Workers that are remembered; the oldest are forgotten first. */
const MAX_ABSENT = 32;
/** An absent worker is forgotten after an hour. */
const REMEMBERED_MS = 3_600_000;

/** Workers that were lost and have not come back, for people who ask where they are. */
export class AbsentWorkers {
  readonly #absent = new Map<string, Absent>();
  readonly #nowMs: () => number;

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  lost(name: string, why: string): void {
    this.#absent.delete(name);
    this.#absent.set(name, { why, sinceMs: this.#nowMs() });
    const oldest = this.#absent.keys().next().value;
    if (this.#absent.size > MAX_ABSENT && oldest !== undefined) this.#absent.delete(oldest);
  }

  back(name: string): void {
    this.#absent.delete(name);
  }

  /** Those that were lost last come first. */
  list(): { readonly name: string; readonly why: string; readonly secondsAgo: number }[] {
    const nowMs = this.#nowMs();
    return [...this.#absent]
      .filter(([, { sinceMs }]) => nowMs - sinceMs < REMEMBERED_MS)
      .map(([name, { why, sinceMs }]) => ({ name, why, secondsAgo: (nowMs - sinceMs) / 1000 }))
      .reverse();
  }
}
