import type { AsyncDiffError } from '../../common/errors/index.js';

interface Expectation {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AsyncDiffError) => void;
}

/** Answers that are still to come, by name. */
export class Expectations {
  readonly #open = new Map<string, Expectation>();

  expect<T>(name: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#open.set(name, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  resolve(name: string, value: unknown): void {
    this.#open.get(name)?.resolve(value);
    this.#open.delete(name);
  }

  reject(name: string, error: AsyncDiffError): void {
    this.#open.get(name)?.reject(error);
    this.#open.delete(name);
  }

  rejectAll(error: AsyncDiffError): void {
    for (const name of this.#open.keys()) this.reject(name, error);
  }
}
