import { float32, type Tensor } from '../common/tensor/index.js';
import { isFinite } from './float-ops.js';
import type { Sampler } from '../samplers/index.js';

/** How latents are predicted, and when predictions are given up for a step in order. */
export interface LookAheadOptions {
  /** Weight of the slope in the extrapolation, 0 (the newest value is held) to 1. */
  readonly slope: number;
  /** Drift above which the slope is weighted by how well it kept so far; undefined: never. */
  readonly gateAbove: number | undefined;
  /** Drift above which a step is made in order; undefined: none is. */
  readonly tolerance: number | undefined;
  /** The same in the early steps (the first half of a flow's, 0.6 of others'); left out: as later. */
  readonly earlyTolerance?: number | undefined;
  /** Steps that may still be made in order for that. */
  readonly holds: number;
}

/** From what latents are predicted: with the sampler's own state, all that another predictor needs to go on. */
export interface Foresight {
  /** The last calls of the model at distinct times, oldest first. */
  readonly calls: readonly number[];
  /** What the sampler extrapolates (x_0 or the velocity), of each of them. */
  readonly values: readonly Float32Array[];
  /** By step: see {@link LatentsPredictor.drifts}. */
  readonly drifts: readonly (number | undefined)[];
}

const NO_FORESIGHT: Foresight = Object.freeze({ calls: [], values: [], drifts: [] });

/** Answers that are kept: two for a slope, one more to see whether the slope keeps. */
const MAX_KEPT_VALUES = 3;
const f = Math.fround;

/**
 * Says where the latents will be. What the sampler makes of the model's answers (x_0, or the velocity of a flow) changes slowly: it is
 * extrapolated linearly over the steps, and the latents follow by the sampler's own plain step. Float32 arithmetic in a fixed
 * order, so that every executor predicts the same bits.
 */
export class LatentsPredictor {
  /**
   * By step: rms(predicted - latents) / rms(latents), of the prediction made one round before, the worst of the batch's images.
   * Undefined where there was none.
   */
  readonly drifts: (number | undefined)[];
  readonly #sampler: Sampler;
  readonly #options: LookAheadOptions;
  #calls: number[];
  #values: Float32Array[];
  #base = -1;
  /** Predictions by step, from step `#base` on. */
  #path: Float32Array[] = [];

  constructor(
    sampler: Sampler,
    options: LookAheadOptions,
    { calls, values, drifts }: Foresight = NO_FORESIGHT,
  ) {
    this.#sampler = sampler;
    this.#options = options;
    this.#calls = [...calls];
    this.#values = [...values];
    this.drifts = [...drifts];
  }

  /** Copies: the memory is the receiver's. */
  get foresight(): Foresight {
    return {
      calls: [...this.#calls],
      values: this.#values.map((one) => one.slice()),
      drifts: [...this.drifts],
    };
  }

  /** The model's answer to a call, on the latents of that call; `next` are those that the sampler made with it. */
  took(call: number, output: Float32Array, latents: Tensor, next: Tensor): void {
    const value = this.#sampler.lookAhead.toQuantity(output, latents.data as Float32Array, call);
    const lastCall = this.#calls.at(-1);
    // Of two calls at one time the later knows more.
    const isAgain = lastCall !== undefined && this.#timeOf(lastCall) === this.#timeOf(call);
    this.#calls = [...(isAgain ? this.#calls.slice(0, -1) : this.#calls), call].slice(-MAX_KEPT_VALUES);
    // What the sampler hands on unchanged (a velocity) is the caller's memory.
    const own = value === output ? value.slice() : value;
    this.#values = [...(isAgain ? this.#values.slice(0, -1) : this.#values), own].slice(-MAX_KEPT_VALUES);
    const predicted = this.#path[call + 1 - this.#base];
    this.drifts[call + 1] = predicted === undefined ? undefined : drift(predicted, next);
  }

  /**
   * Latents of `step`, predicted from those of `base`, the last that are known; where the prediction has run away, those themselves: no model takes
   * what is no number. Steps of one base may be asked for in any order.
   */
  predict(step: number, base: number, latents: Tensor): Tensor {
    this.#extend(step, base, latents);
    const predicted = float32(this.#path[step - base] as Float32Array, latents.dims);
    return isFinite(predicted) ? predicted : latents;
  }

  /** So that {@link drifts} has a value for every step of the round. */
  foresee(steps: number, base: number, latents: Tensor): void {
    if (this.#values.length > 0)
      this.#extend(Math.min(base + steps, this.#sampler.numCalls - 1), base, latents);
  }

  #extend(step: number, base: number, latents: Tensor): void {
    if (base !== this.#base) {
      this.#base = base;
      this.#path = [latents.data as Float32Array];
    }
    if (this.#path.length > step - base) return;
    const ahead = this.#sampler.lookAhead.start();
    const slope = this.#slope(latents.dims[0] ?? 1, base);
    let values = latents.data as Float32Array;
    this.#path = [values];
    for (let call = base; call < step; call++) {
      values = ahead.predictNext(values, this.#valueAt(call, slope), call, latents.dims);
      this.#path.push(values);
    }
  }

  /** Weight of the slope, by image, 0 to 1. */
  #slope(images: number, base: number): Float32Array {
    const { slope, gateAbove } = this.#options;
    const weights = new Float32Array(images).fill(slope);
    if (!this.#sampler.lookAhead.slope || this.#values.length < 2) return weights.fill(0);
    const last = this.drifts[base];
    if (gateAbove === undefined || last === undefined || last <= gateAbove) return weights;
    const [before, middle, newest] = this.#values;
    // Nothing is known of how the slope keeps.
    if (before === undefined || middle === undefined || newest === undefined) return weights.fill(0);
    return weights.map((weight, image) => weight * keeping(before, middle, newest, image, images));
  }

  #valueAt(call: number, slope: Float32Array): Float32Array {
    const newest = this.#values.at(-1) as Float32Array;
    const before = this.#values.at(-2);
    if (before === undefined || slope.every((weight) => weight === 0)) return newest;
    const [earlier, later] = this.#calls.slice(-2).map((one) => this.#timeIndex(one)) as [number, number];
    const distance = (this.#timeIndex(call) - later) / (later - earlier);
    const perImage = newest.length / slope.length;
    const value = new Float32Array(newest.length);
    for (let image = 0; image < slope.length; image++) {
      const weight = f(distance * (slope[image] as number));
      for (let i = image * perImage; i < (image + 1) * perImage; i++) {
        const now = newest[i] as number;
        value[i] = now + f(weight * f(now - (before[i] as number)));
      }
    }
    return value;
  }

  #timeOf(call: number): number {
    return this.#sampler.timesteps[call] as number;
  }

  /** Counts distinct times: two calls of one step that are made at one time are one. */
  #timeIndex(call: number): number {
    let index = 0;
    for (let at = 1; at <= call; at++) if (this.#timeOf(at) !== this.#timeOf(at - 1)) index++;
    return index;
  }
}

/** How much of its last but one change the value has kept in its last one, 0 to 1. */
function keeping(
  before: Float32Array,
  middle: Float32Array,
  newest: Float32Array,
  image: number,
  images: number,
): number {
  const perImage = newest.length / images;
  let along = 0;
  let whole = 0;
  for (let i = image * perImage; i < (image + 1) * perImage; i++) {
    const earlier = (middle[i] as number) - (before[i] as number);
    along += ((newest[i] as number) - (middle[i] as number)) * earlier;
    whole += earlier * earlier;
  }
  return whole === 0 ? 1 : Math.min(1, Math.max(0, along / whole));
}

function drift(predicted: Float32Array, latents: Tensor): number {
  const known = latents.data as Float32Array;
  const images = latents.dims[0] ?? 1;
  const perImage = known.length / images;
  let worst = 0;
  for (let image = 0; image < images; image++) {
    let error = 0;
    let size = 0;
    for (let i = image * perImage; i < (image + 1) * perImage; i++) {
      const value = known[i] as number;
      error += ((predicted[i] as number) - value) ** 2;
      size += value * value;
    }
    worst = Math.max(worst, size === 0 ? 0 : Math.sqrt(error / size));
  }
  return worst;
}
