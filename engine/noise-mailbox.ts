import type { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';

interface Waiter {
  readonly resolve: (tensor: Tensor) => void;
  readonly reject: (error: AsyncDiffError) => void;
}

/** Noise predictions by step: whoever comes first, the prediction or the one who waits for it, waits for the other. */
export class NoiseMailbox {
  readonly #arrived = new Map<number, Tensor>();
  readonly #waiting = new Map<number, Waiter>();
  #failure: AsyncDiffError | undefined;

  deliver(step: number, tensor: Tensor): void {
    const waiter = this.#waiting.get(step);
    if (waiter === undefined) {
      this.#arrived.set(step, tensor);
      return;
    }
    this.#waiting.delete(step);
    waiter.resolve(tensor);
  }

  /** Every present and later wait fails with the first failure told here. */
  fail(error: AsyncDiffError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  get failure(): AsyncDiffError | undefined {
    return this.#failure;
  }

  take(step: number): Promise<Tensor> {
    const tensor = this.#arrived.get(step);
    if (tensor !== undefined) {
      this.#arrived.delete(step);
      return Promise.resolve(tensor);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.set(step, { resolve, reject });
    });
  }
}
