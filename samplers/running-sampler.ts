import { AsyncDiffError } from '../common/errors/index.js';
import type { Advance, SamplerMethod } from './method.js';
import { MethodLookAhead } from './look-ahead.js';
import type { NoiseSource } from './noise.js';
import type { LookAhead, Sampler, StepOutputs } from './sampler.js';
import type { SamplerOptions } from './sampler-options.js';
import type { SchedulerConfig } from './scheduler-config.js';
import { weighted } from './vector.js';

/** What a sampler was asked for. */
export interface SamplerRequest {
  readonly config: SchedulerConfig;
  readonly numInferenceSteps: number;
  readonly options: SamplerOptions;
  readonly noise: NoiseSource | undefined;
}

/** Runs a {@link SamplerMethod}: keeps the order of calls, what they leave behind, and the count of noise drawn. */
export class RunningSampler implements Sampler {
  readonly name: string;
  readonly config: SchedulerConfig;
  readonly options: SamplerOptions;
  readonly numInferenceSteps: number;
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[] | undefined;
  readonly initNoiseSigma: number;
  readonly noise: NoiseSource | undefined;
  readonly lookAhead: LookAhead;
  readonly #method: SamplerMethod;
  /** The method's call at which this run begins. */
  readonly #begin: number;
  /** Its first call, or that of the run which it continues. */
  readonly #first: number;
  /** Draws of noise before each of the method's calls. */
  readonly #drawsBefore: readonly number[];
  #next = 0;
  #kept: readonly Float32Array[] = [];

  constructor(name: string, request: SamplerRequest, method: SamplerMethod) {
    this.name = name;
    this.config = request.config;
    this.options = request.options;
    this.numInferenceSteps = request.numInferenceSteps;
    this.#method = method;
    const { begin_index: begin = 0, end_index: end = method.timesteps.length, continues } = request.options;
    this.#begin = begin;
    this.#first = continues === true ? 0 : begin;
    this.timesteps = method.timesteps.slice(begin, end);
    if (this.timesteps.length === 0) {
      throw new AsyncDiffError(
        'invalid_settings',
        `${name}: begin_index ${begin} leaves none of the ${Math.min(end, method.timesteps.length)} calls of the model`,
      );
    }
    this.sigmas = method.sigmas === undefined ? undefined : Array.from(method.sigmas);
    this.initNoiseSigma = method.initNoiseSigma;
    this.#drawsBefore = countDraws(method, this.#first);
    this.noise = this.#drawsBefore.at(-1) === 0 ? undefined : request.noise;
    this.lookAhead = new MethodLookAhead(method, this.#begin, {
      state: () => ({ next: this.#next, kept: this.#kept }),
      advance: (output, call, sample, kept, dims) => this.#advance(output, call, sample, kept, dims),
    });
  }

  get numCalls(): number {
    return this.timesteps.length;
  }

  scaleModelInput(sample: Float32Array, call: number): Float32Array {
    return this.#method.scaleModelInput?.(sample, call + this.#begin) ?? sample;
  }

  step(
    modelOutput: Float32Array,
    call: number,
    sample: Float32Array,
    dims?: readonly number[],
  ): Float32Array {
    return this.stepOutputs(modelOutput, call, sample, dims).latents;
  }

  stepOutputs(
    modelOutput: Float32Array,
    call: number,
    sample: Float32Array,
    dims?: readonly number[],
  ): StepOutputs {
    this.#check(call, modelOutput, sample);
    const { kept = [], ...outputs } = this.#advance(modelOutput, call, sample, this.#kept, dims);
    this.#next = call + 1;
    // The caller's own arrays may be used again for something else.
    this.#kept = kept.map((values) =>
      values === modelOutput || values === sample ? values.slice() : values,
    );
    return outputs;
  }

  history(): readonly Float32Array[] {
    return this.#kept;
  }

  resume(call: number, history: readonly Float32Array[]): void {
    this.#next = call;
    this.#kept = history;
  }

  addNoise(original: Float32Array, noise: Float32Array, call: number): Float32Array {
    const { alpha = 1, sigma = 0 } = this.lookAhead.levels[call] ?? {};
    return weighted([alpha, original], [sigma, noise]);
  }

  #advance(
    output: Float32Array,
    call: number,
    sample: Float32Array,
    kept: readonly Float32Array[],
    dims: readonly number[] | undefined,
  ): Advance {
    const at = call + this.#begin;
    const draw = this.#drawsBefore[at] as number;
    const batch = dims?.[0] ?? 1;
    const isTwice = output.length === 2 * sample.length;
    return this.#method.advance({
      output: isTwice ? halfOf(output, batch, 0) : output,
      variance: isTwice ? halfOf(output, batch, 1) : undefined,
      sample,
      call: at,
      taken: at - this.#first,
      kept,
      batch,
      noise: (nth = 0) => this.#source().normal(draw + nth, sample.length),
      brownian: (piece) => this.#source().brownian(draw, sample.length, piece),
    });
  }

  #source(): NoiseSource {
    if (this.noise !== undefined) return this.noise;
    throw new AsyncDiffError(
      'internal',
      `${this.name} draws fresh noise and was made without a source of it`,
    );
  }

  /** Calls out of order would mix up the memory of a multistep sampler without a sign. */
  #check(call: number, modelOutput: Float32Array, sample: Float32Array): void {
    if (call !== this.#next || call >= this.numCalls) {
      const expected =
        this.#next < this.numCalls ? `step ${this.#next}` : 'nothing more: all steps are taken';
      throw new AsyncDiffError('internal', `${this.name}: got step ${call}, expected ${expected}`);
    }
    if (modelOutput.length !== sample.length && modelOutput.length !== 2 * sample.length) {
      throw new AsyncDiffError(
        'internal',
        `${this.name}: the model output has ${modelOutput.length} elements, the latents have ${sample.length}`,
      );
    }
  }
}

function countDraws({ timesteps, draws }: SamplerMethod, begin: number): number[] {
  const before: number[] = [];
  let count = 0;
  for (let call = 0; call <= timesteps.length; call += 1) {
    before.push(count);
    if (call >= begin && call < timesteps.length) count += draws?.(call, call - begin) ?? 0;
  }
  return before;
}

/** The first or second half of each image's channels. */
function halfOf(output: Float32Array, batch: number, which: 0 | 1): Float32Array {
  const half = output.length / batch / 2;
  const values = new Float32Array(output.length / 2);
  for (let image = 0; image < batch; image += 1) {
    const start = (2 * image + which) * half;
    values.set(output.subarray(start, start + half), image * half);
  }
  return values;
}
