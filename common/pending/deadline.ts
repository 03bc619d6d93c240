/** A timer that fires so much too late fired in a process that was stopped or blocked itself: what came meanwhile is read first. */
const LATE_MS = 500;
/** Time for reading it. */
const GRACE_MS = 250;
/** Node's timers take no longer one. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A deadline that begins anew with every sign of progress, and that does not count the time for which this process itself was stopped. */
export class Deadline {
  readonly #onLate: () => void;
  readonly #repeats: boolean;
  #withinMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /**
   * @param withinMs time without progress, milliseconds; `onLate` is called once, then the deadline is over
   * @param options with `repeats` it is not over then: {@link extend} begins it anew
   */
  constructor(withinMs: number, onLate: () => void, options: { readonly repeats?: boolean } = {}) {
    this.#withinMs = withinMs;
    this.#repeats = options.repeats ?? false;
    this.#onLate = onLate;
    this.#start(withinMs);
  }

  /** Progress was made. @param withinMs the time from now on, if it is another one */
  extend(withinMs: number = this.#withinMs): void {
    if (this.#isOver) return;
    this.#withinMs = withinMs;
    clearTimeout(this.#timer);
    this.#start(withinMs);
  }

  clear(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #start(forMs: number): void {
    const delayMs = Math.min(MAX_TIMER_MS, Math.max(0, forMs));
    const dueMs = performance.now() + delayMs;
    this.#timer = setTimeout(() => {
      if (performance.now() - dueMs > LATE_MS) {
        this.#start(GRACE_MS);
        return;
      }
      this.#isOver = !this.#repeats;
      this.#onLate();
    }, delayMs);
    // What is waited for keeps the process (a socket, a thread), not the end of the patience.
    this.#timer.unref();
  }
}
