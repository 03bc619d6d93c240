/** Rest after a first failure, and the longest. */
const FIRST_MS = 5_000;
const MAX_MS = 600_000;

interface Entry {
  readonly untilMs: number;
  readonly restMs: number;
  readonly why: string;
}

/** Who is not to be used for a while, by key: for 5 s after a first failure, twice as long after each further one. */
export class BackOff {
  readonly #entries = new Map<string, Entry>();
  readonly #nowMs: () => number;

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** @param why in words */
  failed(key: string, why = ''): void {
    const known = this.#entries.get(key);
    const restMs = known === undefined ? FIRST_MS : Math.min(MAX_MS, known.restMs * 2);
    this.#entries.set(key, { untilMs: this.#nowMs() + restMs, restMs, why });
  }

  /** It did what was asked of it: forgiven. */
  worked(key: string): void {
    this.#entries.delete(key);
  }

  /** What it failed at last; undefined where it is forgiven. */
  why(key: string): string | undefined {
    return this.#entries.get(key)?.why;
  }

  /** Milliseconds that it still rests. */
  leftMs(key: string): number {
    return Math.max(0, (this.#entries.get(key)?.untilMs ?? 0) - this.#nowMs());
  }
}
