import { AsyncDiffError } from '../common/errors/index.js';

/** What one job holds of it. */
export interface HeldInputs {
  /** So many bytes more. Throws `queue_full`. */
  take(bytes: number): void;
  /** The job is over, or never began. */
  free(): void;
}

/** Memory that the inputs of all jobs of a kind take together, of those that come, wait or run. */
export class HeldMemory {
  readonly #what: string;
  readonly #maxBytes: number;
  #heldBytes = 0;

  /** @param what they are jobs, for the error: `runs` */
  constructor(what: string, maxBytes: number) {
    this.#what = what;
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  open(): HeldInputs {
    let ownBytes = 0;
    return {
      take: (bytes) => {
        // One that is alone is bounded by itself, and would wait for nobody.
        const others = this.#heldBytes - ownBytes;
        if (others > 0 && this.#heldBytes + bytes > this.#maxBytes)
          throw new AsyncDiffError(
            'queue_full',
            `the inputs of all ${this.#what} here have ${this.#heldBytes} bytes; with ${bytes} more they would have more than ${this.#maxBytes}`,
            { hint: 'Wait until another one has ended, or give less.' },
          );
        this.#heldBytes += bytes;
        ownBytes += bytes;
      },
      free: () => {
        this.#heldBytes -= ownBytes;
        ownBytes = 0;
      },
    };
  }
}
