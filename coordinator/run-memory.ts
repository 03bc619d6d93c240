import { AsyncDiffError } from '../common/errors/index.js';
import { LIMITS } from '../common/settings/index.js';

/** What one run holds of it. */
export interface HeldRun {
  /** So many bytes more. Throws `queue_full`. */
  take(bytes: number): void;
  /** The run is over, or never began. */
  free(): void;
}

/** Memory that the inputs of all runs take together, of those that come, wait or run. */
export class RunMemory {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number = LIMITS.heldRunBytes.max) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  open(): HeldRun {
    let ownBytes = 0;
    return {
      take: (bytes) => {
        if (this.#heldBytes + bytes > this.#maxBytes)
          throw new AsyncDiffError(
            'queue_full',
            `the inputs of all runs here have ${this.#heldBytes} bytes; with ${bytes} more they would have more than ${this.#maxBytes}`,
            { hint: 'Wait until another run has ended, or give a shorter list.' },
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
