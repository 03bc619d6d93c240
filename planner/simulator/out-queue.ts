import type { EventQueue } from './event-queue.js';

interface Waiting {
  readonly dueMs: number;
  readonly durationMs: number;
  readonly begin: (startMs: number) => void;
}

/** What leaves one worker: one message after another, the one first that is due first (see worker/exchange/egress.ts). */
export class OutQueue {
  readonly #events: EventQueue;
  readonly #waiting: Waiting[] = [];
  #freeMs = 0;

  constructor(events: EventQueue) {
    this.#events = events;
  }

  /** @param begin called when its turn has come */
  send(readyMs: number, dueMs: number, durationMs: number, begin: (startMs: number) => void): void {
    this.#waiting.push({ dueMs, durationMs, begin });
    // After all that happens at this time: what becomes ready together is chosen from together.
    this.#events.add(readyMs, () => this.#next(readyMs));
  }

  #next(nowMs: number): void {
    if (nowMs < this.#freeMs || this.#waiting.length === 0) return;
    let first = 0;
    for (const [at, { dueMs }] of this.#waiting.entries())
      if (dueMs < (this.#waiting[first] as Waiting).dueMs) first = at;
    const [{ durationMs, begin }] = this.#waiting.splice(first, 1) as [Waiting];
    const endMs = nowMs + durationMs;
    this.#freeMs = endMs;
    begin(nowMs);
    this.#events.add(endMs, () => this.#next(endMs));
  }
}
