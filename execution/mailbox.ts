import type { AsyncDiffError } from '../common/errors/index.js';

interface Waiter<T> {
  readonly resolve: (message: T) => void;
  readonly reject: (error: AsyncDiffError) => void;
}

/** Messages by step: whoever comes first, the message or the one who waits for it, waits for the other. */
export class Mailbox<T> {
  readonly #arrived = new Map<number, T>();
  readonly #waiting = new Map<number, Waiter<T>>();
  #failure: AsyncDiffError | undefined;

  deliver(step: number, message: T): void {
    const waiter = this.#waiting.get(step);
    if (waiter === undefined) {
      this.#arrived.set(step, message);
      return;
    }
    this.#waiting.delete(step);
    waiter.resolve(message);
  }

  /** Every present and later wait fails with the first failure told here. */
  fail(error: AsyncDiffError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  take(step: number): Promise<T> {
    if (this.#arrived.has(step)) {
      const message = this.#arrived.get(step) as T;
      this.#arrived.delete(step);
      return Promise.resolve(message);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.set(step, { resolve, reject });
    });
  }
}
