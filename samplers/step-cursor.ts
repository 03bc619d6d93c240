import { AsyncDiffError } from '../common/errors/index.js';

/** Holds a sampler to its order of steps: a multistep sampler would otherwise mix up its history without a sign. */
export class StepCursor {
  readonly #sampler: string;
  readonly #count: number;
  #next = 0;

  constructor(sampler: string, count: number) {
    this.#sampler = sampler;
    this.#count = count;
  }

  /** Takes step `stepIndex`; throws `internal` where it is not the next one or the arrays differ in length. */
  take(stepIndex: number, modelOutput: Float32Array, sample: Float32Array): void {
    if (stepIndex !== this.#next || stepIndex >= this.#count) {
      const expected = this.#next < this.#count ? `step ${this.#next}` : 'nothing more: all steps are taken';
      throw new AsyncDiffError('internal', `${this.#sampler}: got step ${stepIndex}, expected ${expected}`);
    }
    if (modelOutput.length !== sample.length) {
      throw new AsyncDiffError(
        'internal',
        `${this.#sampler}: the model output has ${modelOutput.length} elements, the latents have ${sample.length}`,
      );
    }
    this.#next += 1;
  }

  resume(stepIndex: number): void {
    this.#next = stepIndex;
  }
}
