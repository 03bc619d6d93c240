import type { LookAhead, LookAheadRun, Sampler, StepOutputs } from './sampler.js';

const f = Math.fround;

/** What inpainting puts back after every step; flat, of the latents' length. */
export interface KeptRegion {
  /** 1 where the picture is drawn anew, 0 where it is kept. */
  readonly mask: Float32Array;
  /** Latents of the picture. */
  readonly original: Float32Array;
  readonly noise: Float32Array;
}

/**
 * A sampler that keeps a part of a picture: after each step, what the mask leaves out is the picture's latents with noise at the next call's level
 * (diffusers' inpainting with predictors that read no mask).
 */
export function keepRegion(sampler: Sampler, kept: KeptRegion): Sampler {
  return new KeepingSampler(sampler, kept);
}

class KeepingSampler implements Sampler {
  readonly name: string;
  readonly config: Sampler['config'];
  readonly options: Sampler['options'];
  readonly numInferenceSteps: number;
  readonly numCalls: number;
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[] | undefined;
  readonly initNoiseSigma: number;
  readonly noise: Sampler['noise'];
  readonly lookAhead: LookAhead;
  readonly kept: KeptRegion;
  readonly #sampler: Sampler;

  constructor(sampler: Sampler, kept: KeptRegion) {
    this.name = sampler.name;
    this.config = sampler.config;
    this.options = sampler.options;
    this.numInferenceSteps = sampler.numInferenceSteps;
    this.numCalls = sampler.numCalls;
    this.timesteps = sampler.timesteps;
    this.sigmas = sampler.sigmas;
    this.initNoiseSigma = sampler.initNoiseSigma;
    this.noise = sampler.noise;
    this.lookAhead = new KeepingLookAhead(sampler.lookAhead, (latents, call) => this.#putBack(latents, call));
    this.kept = kept;
    this.#sampler = sampler;
  }

  scaleModelInput(sample: Float32Array, call: number): Float32Array {
    return this.#sampler.scaleModelInput(sample, call);
  }

  step(output: Float32Array, call: number, sample: Float32Array, dims?: readonly number[]): Float32Array {
    return this.stepOutputs(output, call, sample, dims).latents;
  }

  stepOutputs(
    output: Float32Array,
    call: number,
    sample: Float32Array,
    dims?: readonly number[],
  ): StepOutputs {
    const outputs = this.#sampler.stepOutputs(output, call, sample, dims);
    return { ...outputs, latents: this.#putBack(outputs.latents, call) };
  }

  history(): readonly Float32Array[] {
    return this.#sampler.history();
  }

  resume(call: number, history: readonly Float32Array[]): void {
    this.#sampler.resume(call, history);
  }

  addNoise(original: Float32Array, noise: Float32Array, call: number): Float32Array {
    return this.#sampler.addNoise(original, noise, call);
  }

  /** The latents after `call` with the kept region in its place, at the level of the call that follows. */
  #putBack(latents: Float32Array, call: number): Float32Array {
    const { mask, original, noise } = this.kept;
    const isLast = call + 1 >= this.numCalls;
    const proper = isLast ? original : this.#sampler.addNoise(original, noise, call + 1);
    return latents.map((value, i) => {
      const share = mask[i] as number;
      return f(f(1 - share) * (proper[i] as number)) + f(share * value);
    });
  }
}

/** Predicts with the kept region in its place: what is put back after a step is known for every step from the beginning. */
class KeepingLookAhead implements LookAhead {
  readonly family: LookAhead['family'];
  readonly quantity: LookAhead['quantity'];
  readonly slope: boolean;
  readonly worthwhile: boolean;
  readonly levels: LookAhead['levels'];
  readonly #lookAhead: LookAhead;
  readonly #putBack: (latents: Float32Array, call: number) => Float32Array;

  constructor(lookAhead: LookAhead, putBack: (latents: Float32Array, call: number) => Float32Array) {
    this.family = lookAhead.family;
    this.quantity = lookAhead.quantity;
    this.slope = lookAhead.slope;
    this.worthwhile = lookAhead.worthwhile;
    this.levels = lookAhead.levels;
    this.#lookAhead = lookAhead;
    this.#putBack = putBack;
  }

  toOriginal(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    return this.#lookAhead.toOriginal(modelOutput, sample, call);
  }

  toNoise(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    return this.#lookAhead.toNoise(modelOutput, sample, call);
  }

  toVelocity(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    return this.#lookAhead.toVelocity(modelOutput, sample, call);
  }

  toQuantity(modelOutput: Float32Array, sample: Float32Array, call: number): Float32Array {
    return this.#lookAhead.toQuantity(modelOutput, sample, call);
  }

  restated(modelOutput: Float32Array, from: Float32Array, to: Float32Array, call: number): Float32Array {
    return this.#lookAhead.restated(modelOutput, from, to, call);
  }

  start(): LookAheadRun {
    const run = this.#lookAhead.start();
    return {
      predictNext: (sample, quantity, call, dims) =>
        this.#putBack(run.predictNext(sample, quantity, call, dims), call),
    };
  }
}
