import { clockMs } from '../../execution/runtime/index.js';

/** How far an inference thread is, in memory that the network thread reads while a run keeps the other one busy. */
export class TaskClock {
  readonly memory: SharedArrayBuffer;
  /** Beginnings and ends of tasks; when the last of them was. A task is in a run where their number is odd. */
  readonly #values: Float64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#values = new Float64Array(memory);
    if (this.#values[1] === 0) this.#values[1] = clockMs();
  }

  /** A task begins, or has ended; one that failed has not, and the next one begins all the same. */
  moved(isBegun: boolean): void {
    const moves = (this.#values[0] ?? 0) + 1;
    this.#values[0] = moves % 2 === (isBegun ? 1 : 0) ? moves : moves + 1;
    this.#values[1] = clockMs();
  }

  /** `stillMs`: since the last move, or since the thread began. */
  read(): { readonly moves: number; readonly stillMs: number; readonly isRunning: boolean } {
    const [moves = 0, movedMs = 0] = this.#values;
    return { moves, stillMs: Math.max(0, clockMs() - movedMs), isRunning: moves % 2 === 1 };
  }
}
