import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

export interface LaneOptions {
  /** Added to what passes, milliseconds. */
  readonly delayMs: number;
  /** None if left out. */
  readonly bytesPerSecond?: number;
}

const UNLIMITED_BUFFER_BYTES = 64 * 1024 * 1024;
const MIN_BUFFER_BYTES = 256 * 1024;
/** With a rate, larger pieces than this would arrive in visible jumps. */
const PIECE_BYTES = 16 * 1024;
const SLEEP_MS = 0.05;

/** One direction of one connection. */
export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delayMs: number;
  readonly #bytesPerMs: number;
  readonly #limitBytes: number;
  readonly #passed: (bytes: number) => void;
  /** No chunk: the end of the stream. */
  #queue: { readonly dueMs: number; readonly chunk: Buffer | undefined }[] = [];
  #queuedBytes = 0;
  #freeMs = 0;
  #blocked = false;
  held = false;

  constructor(from: Socket, to: Socket, options: LaneOptions, passed: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = options.delayMs;
    this.#passed = passed;
    const { bytesPerSecond } = options;
    this.#bytesPerMs = (bytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000;
    this.#limitBytes =
      bytesPerSecond === undefined
        ? UNLIMITED_BUFFER_BYTES
        : Math.max(MIN_BUFFER_BYTES, this.#bytesPerMs * (options.delayMs + 20));
    from.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      clock.wake();
    });
    from.on('end', () => {
      this.#queue.push({
        dueMs: Math.max(this.#freeMs, performance.now()) + this.#delayMs,
        chunk: undefined,
      });
      clock.wake();
    });
    to.on('drain', () => {
      this.#blocked = false;
      clock.wake();
    });
  }

  #take(chunk: Buffer): void {
    const step = Number.isFinite(this.#bytesPerMs) ? PIECE_BYTES : chunk.byteLength;
    for (let at = 0; at < chunk.byteLength; at += step) {
      const piece = chunk.subarray(at, at + step);
      this.#freeMs = Math.max(this.#freeMs, performance.now()) + piece.byteLength / this.#bytesPerMs;
      this.#queue.push({ dueMs: this.#freeMs + this.#delayMs, chunk: piece });
    }
    this.#queuedBytes += chunk.byteLength;
    if (this.#queuedBytes > this.#limitBytes) this.#from.pause();
  }

  /** When the next piece is due; Infinity if nothing can go. */
  get dueMs(): number {
    return this.held || this.#blocked
      ? Number.POSITIVE_INFINITY
      : (this.#queue[0]?.dueMs ?? Number.POSITIVE_INFINITY);
  }

  pass(nowMs: number): void {
    if (this.dueMs > nowMs) return;
    const count = this.#queue.findIndex(({ dueMs }) => dueMs > nowMs);
    const due = this.#queue.splice(0, count === -1 ? this.#queue.length : count);
    let bytes = 0;
    this.#to.cork();
    for (const { chunk } of due) {
      if (chunk === undefined) this.#to.end();
      else {
        bytes += chunk.byteLength;
        if (this.#to.writable) this.#blocked = !this.#to.write(chunk);
      }
    }
    this.#to.uncork();
    this.#queuedBytes -= bytes;
    this.#passed(bytes);
    if (this.#queuedBytes <= this.#limitBytes) this.#from.resume();
  }
}

/** Wakes lanes at times much finer than Node's timers, which count whole milliseconds. */
class Clock {
  readonly lanes = new Set<Lane>();
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #turning = false;
  #fed = false;

  wake(): void {
    this.#fed = true;
    if (this.#turning) return;
    clearTimeout(this.#timer);
    this.#turning = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      lane.pass(nowMs);
      nextMs = Math.min(nextMs, lane.dueMs);
    }
    const waitMs = nextMs - performance.now();
    if (waitMs > 2) {
      this.#turning = false;
      if (Number.isFinite(waitMs)) this.#timer = setTimeout(() => this.wake(), Math.floor(waitMs - 1));
      return;
    }
    // Close to the time: look again each turn of the event loop, giving the processor away when nothing happens.
    if (!this.#fed && waitMs > 0) Atomics.wait(this.#sleep, 0, 0, Math.min(waitMs, SLEEP_MS));
    this.#fed = false;
    setImmediate(() => this.#turn());
  }
}

/** One for all proxies of a process: several that sleep in turn would each be late by the others' sleep. */
export const clock = new Clock();
