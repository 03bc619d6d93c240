import { AsyncDiffError } from '../common/errors/index.js';
import type { Level } from './level.js';
import type { Advance, SamplerMethod } from './method.js';
import type { LookAhead, LookAheadRun } from './sampler.js';
import { minus, over, plus, times, weighted } from './vector.js';

/** The sampler that is looked ahead of. */
interface Ahead {
  state(): { readonly next: number; readonly kept: readonly Float32Array[] };
  advance(
    output: Float32Array,
    call: number,
    sample: Float32Array,
    kept: readonly Float32Array[],
    dims: readonly number[] | undefined,
  ): Advance;
}

/** The prediction of a sampler's own next latents; see {@link LookAhead}. */
export class MethodLookAhead implements LookAhead {
  readonly family: LookAhead['family'];
  readonly quantity: LookAhead['quantity'];
  readonly slope: boolean;
  readonly worthwhile: boolean;
  readonly levels: readonly Level[];
  readonly #method: SamplerMethod;
  readonly #begin: number;
  readonly #ahead: Ahead;

  constructor(method: SamplerMethod, begin: number, ahead: Ahead) {
    this.family = method.family;
    this.quantity = method.family === 'flow' || method.family === 'copy' ? 'velocity' : 'original';
    this.slope = method.family !== 'stochastic';
    this.worthwhile = method.worthwhile ?? true;
    this.levels = method.levels.slice(begin);
    this.#method = method;
    this.#begin = begin;
    this.#ahead = ahead;
  }

  toOriginal(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    return this.#method.conversion.toOriginal(modelOutput, sample, call + this.#begin);
  }

  toNoise(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    const { alpha, sigma } = this.levels[call] as Level;
    return over(minus(sample, times(alpha, this.toOriginal(modelOutput, sample, call))), sigma);
  }

  toVelocity(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    const { alpha, sigma } = this.levels[call] as Level;
    const isFlow = this.quantity === 'velocity';
    if (isFlow && this.#method.conversion.outputIsVelocity === true) return modelOutput;
    const original = this.toOriginal(modelOutput, sample, call);
    const noise = over(minus(sample, times(alpha, original)), sigma);
    return isFlow ? minus(noise, original) : weighted([alpha, noise], [-sigma, original]);
  }

  toQuantity(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    return this.quantity === 'velocity'
      ? this.toVelocity(modelOutput, sample, call)
      : this.toOriginal(modelOutput, sample, call);
  }

  restated(modelOutput: Float32Array, from: Float32Array, to: Float32Array, call: number): Float32Array {
    // A variance that was predicted as well has no x_0.
    if (this.quantity === 'velocity' || modelOutput.length !== to.length) return modelOutput;
    const original = this.toOriginal(modelOutput, from, call);
    return this.#method.conversion.fromOriginal(original, to, call + this.#begin);
  }

  start(): LookAheadRun {
    let { next, kept } = this.#ahead.state();
    return {
      predictNext: (sample, quantity, call, dims) => {
        if (call !== next) {
          throw new AsyncDiffError('internal', `look-ahead: got call ${call}, expected call ${next}`);
        }
        next += 1;
        if (this.family === 'ode' || this.family === 'flow') return this.#plainStep(sample, quantity, call);
        const output =
          this.family === 'copy'
            ? quantity
            : this.#method.conversion.fromOriginal(quantity, sample, call + this.#begin);
        const advanced = this.#ahead.advance(output, call, sample, kept, dims);
        kept = advanced.kept ?? [];
        return advanced.latents;
      },
    };
  }

  #plainStep(sample: Float32Array, quantity: Float32Array, call: number): Float32Array {
    const from = this.levels[call] as Level;
    const to = this.levels[call + 1] as Level;
    if (from.sigma === to.sigma && from.alpha === to.alpha) return sample.slice();
    if (this.family === 'flow') return plus(sample, times(Math.fround(to.sigma - from.sigma), quantity));
    const noise = over(minus(sample, times(from.alpha, quantity)), from.sigma);
    return weighted([to.alpha, quantity], [to.sigma, noise]);
  }
}
