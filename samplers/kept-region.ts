import type { LookAhead, Sampler, StepOutputs } from './sampler.js';

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
    this.lookAhead = sampler.lookAhead;
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
    const { mask, original, noise } = this.kept;
    const isLast = call + 1 >= this.numCalls;
    const proper = isLast ? original : this.#sampler.addNoise(original, noise, call + 1);
    const latents = outputs.latents.map((value, i) => {
      const share = mask[i] as number;
      return f(f(1 - share) * (proper[i] as number)) + f(share * value);
    });
    return { ...outputs, latents };
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
}
