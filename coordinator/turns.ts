import { abortable } from '../common/abort.js';

/** So many do something at a time; the others wait, in the order in which they came. */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Does it when its turn has come. Throws `cancelled` as soon as the signal is aborted while it waits, and what `work` throws. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running < this.#max) this.#running += 1;
    else {
      let begin: () => void = () => undefined;
      const turn = new Promise<void>((resolve) => {
        begin = resolve;
        this.#waiting.push(begin);
      });
      try {
        await abortable(turn, signal);
      } catch (error) {
        const at = this.#waiting.indexOf(begin);
        if (at >= 0) this.#waiting.splice(at, 1);
        // Its turn had come in the same moment.
        else this.#next();
        throw error;
      }
    }
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** A turn is over: it goes to the one that waits longest. */
  #next(): void {
    const begin = this.#waiting.shift();
    if (begin === undefined) this.#running -= 1;
    else begin();
  }
}
