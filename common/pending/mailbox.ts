import type { AsyncDiffError } from '../errors/index.js';
import { Pending, type WaitOptions } from './pending.js';

/** Messages by number: whoever comes first, the message or the one who waits for it, waits for the other. */
export class Mailbox<T> {
  readonly #arrived = new Map<number, T>();
  readonly #waiting = new Pending<T>();
  #failure: AsyncDiffError | undefined;

  /** Whether somebody waits for a message. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  deliver(key: number, message: T): void {
    if (!this.#waiting.resolve(String(key), message)) this.#arrived.set(key, message);
  }

  /** Every present and later wait fails with the first failure told here. */
  fail(error: AsyncDiffError): void {
    this.#failure ??= error;
    this.#waiting.rejectAll(this.#failure);
  }

  /** There was progress: the times of all waits begin anew. */
  extend(): void {
    this.#waiting.extendAll();
  }

  take(key: number, options: WaitOptions): Promise<T> {
    if (this.#arrived.has(key)) {
      const message = this.#arrived.get(key) as T;
      this.#arrived.delete(key);
      return Promise.resolve(message);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#waiting.wait(String(key), options);
  }
}
