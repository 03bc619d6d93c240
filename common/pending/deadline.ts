/** A timer that fires so much too late fired in a process that was stopped or blocked itself: what came meanwhile is read first. */
const LATE_MS = 500;
/** Time for reading it. */
const GRACE_MS = 250;
/** Node's timers take no longer one. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A deadline that begins anew with every sign of progress, and that does not count the time for which this process itself was stopped. */
export class Deadline {
  readonly #onLate: () => void;
  #withinMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param withinMs time without progress, milliseconds; `onLate` is called once, then the deadline is over */
  constructor(withinMs: number, onLate: () => void) {
    this.#withinMs = withinMs;
    this.#onLate = onLate;
    this.#start(withinMs);
  }

  /** Progress was made. @param withinMs the time from now on, if it is another one */
  extend(withinMs: number = this.#withinMs): void {
    if (this.#timer === undefined) return;
    this.#withinMs = withinMs;
    clearTimeout(this.#timer);
    this.#start(withinMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(forMs: number): void {
    const delayMs = Math.min(MAX_TIMER_MS, Math.max(0, forMs));
    const dueMs = performance.now() + delayMs;
    this.#timer = setTimeout(() => {
      if (performance.now() - dueMs > LATE_MS) {
        this.#start(GRACE_MS);
        return;
      }
      this.#timer = undefined;
      this.#onLate();
    }, delayMs);
    // What is waited for keeps the process (a socket, a thread), not the end of the patience.
    this.#timer.unref();
  }
}
