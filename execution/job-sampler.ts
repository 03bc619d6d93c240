import { float32, type Tensor } from '../common/tensor/index.js';
import { LATENTS, type RoundLatents } from '../program/index.js';
import { isFlow, type Sampler } from '../samplers/index.js';
import { type Foresight, LatentsPredictor, type LookAheadOptions } from './latents-predictor.js';
import type { SamplerState } from './sampler-state.js';
import { modelInput, takeStep } from './sampler-step.js';

/** Latents as the model takes them, under the name and version by which tasks read them. */
export interface MadeLatents {
  readonly name: string;
  readonly version: number;
  readonly tensor: Tensor;
}

/** What a round wants of the sampler. */
export interface SampledRound {
  readonly firstStep: number;
  readonly lastStep: number;
  readonly latents: readonly Omit<RoundLatents, 'readers'>[];
  /** Whether the job may be held before it. */
  readonly mayHold: boolean;
  /** Whether also before one of its later steps. A worker's sampler, which runs where each step is made from real latents, is not told. */
  readonly mayHoldWithin?: boolean | undefined;
}

/** Of the steps, of a flow and otherwise: in these it is decided what a picture shows. */
const [EARLY_OF_FLOW, EARLY] = [0.5, 0.6];

export interface JobSamplerOptions {
  readonly sampler: Sampler;
  /** Step that comes next, and its latents. */
  readonly nextStep: number;
  readonly latents: Tensor;
  /** Left out: as in AsyncDiff, nothing is predicted. */
  readonly lookAhead?: LookAheadOptions | undefined;
  readonly foresight?: Foresight | undefined;
}

/**
 * The sampler of a job, wherever it runs: beside component N, or at the coordinator. It makes the latents that rounds read,
 * known and predicted, as soon as it stands at the round's first step. Where the latents have drifted too far from what was predicted, it
 * makes none: the job is held there, for a step in order.
 */
export class JobSampler {
  /** Held before the next round. */
  held = false;
  readonly #sampler: Sampler;
  readonly #predictor: LatentsPredictor | undefined;
  readonly #options: JobSamplerOptions;
  #latents: Tensor;
  #output: Tensor | undefined;
  #nextStep: number;
  /** Rounds that are not done, by first step. */
  readonly #rounds = new Map<number, SampledRound>();
  /** Latents that a step of the round in progress was computed on because the real ones could not be waited for, by step. */
  readonly #guesses = new Map<number, Float32Array>();
  #mayHoldWithin = false;
  /** Latents that rounds want, by the step whose latents must be known for them. */
  readonly #wanted = new Map<number, Omit<RoundLatents, 'readers'>[]>();

  constructor(options: JobSamplerOptions) {
    const { sampler, nextStep, latents, lookAhead, foresight } = options;
    this.#options = options;
    this.#sampler = sampler;
    this.#nextStep = nextStep;
    this.#latents = latents;
    this.#predictor =
      lookAhead === undefined ? undefined : new LatentsPredictor(sampler, lookAhead, foresight);
  }

  get latents(): Tensor {
    return this.#latents;
  }

  /** The noise prediction that the last step was taken with: of the real latents, whatever it was computed on. */
  get output(): Tensor | undefined {
    return this.#output;
  }

  /** The step whose noise prediction it takes next. */
  get nextStep(): number {
    return this.#nextStep;
  }

  /** By step; empty without look-ahead. */
  get drifts(): readonly (number | undefined)[] {
    return this.#predictor?.drifts ?? [];
  }

  /** A round comes. Returns the latents that can be made for it at once. */
  issue(round: SampledRound): MadeLatents[] {
    this.#rounds.set(round.firstStep, round);
    for (const one of round.latents) {
      const wanted = this.#wanted.get(one.version) ?? [];
      wanted.push(one);
      this.#wanted.set(one.version, wanted);
    }
    return round.firstStep === this.#nextStep ? this.#make() : [];
  }

  /**
   * Takes the step of a noise prediction (not kept, not changed). They come in order: component N's runs do.
   * @returns the latents that can be made now
   */
  take(step: number, eps: Tensor): MadeLatents[] {
    const before = this.#latents;
    const output = this.#forReal(eps, step, before);
    this.#output = output;
    this.#latents = takeStep(this.#sampler, output, step, before);
    this.#predictor?.took(step, output.data as Float32Array, before, this.#latents);
    this.#nextStep = step + 1;
    if (this.#mayHoldWithin && this.#guesses.has(step + 1) && this.#hasDrifted(step + 1)) this.held = true;
    return this.#nextStep < this.#sampler.numCalls ? this.#make() : [];
  }

  /** The state after the step taken last. Copies: the memory is the receiver's. */
  state(): SamplerState {
    return {
      nextStep: this.#nextStep,
      latents: float32((this.#latents.data as Float32Array).slice(), this.#latents.dims),
      history: this.#sampler.history().map((values) => values.slice()),
      foresight: this.#predictor?.foresight,
    };
  }

  #make(): MadeLatents[] {
    const base = this.#nextStep;
    const round = this.#rounds.get(base);
    if (round?.mayHold === true && this.#hasDrifted(base)) this.held = true;
    if (this.held) return [];
    const wanted = this.#wanted.get(base) ?? [];
    this.#wanted.delete(base);
    if (round !== undefined) {
      this.#rounds.delete(base);
      this.#predictor?.foresee(round.lastStep + 1 - base, base, this.#latents);
      this.#mayHoldWithin = round.mayHoldWithin === true;
      for (const { name, step } of wanted)
        if (name !== LATENTS && step <= round.lastStep)
          this.#guesses.set(step, this.#predicted(step, base).data as Float32Array);
    }
    return wanted.map(({ name, version, step }) => ({
      name,
      version,
      tensor: modelInput(this.#sampler, name === LATENTS ? this.#latents : this.#predicted(step, base), step),
    }));
  }

  /** The noise prediction of a step that was computed on guessed latents, for the real ones. */
  #forReal(eps: Tensor, step: number, latents: Tensor): Tensor {
    const guess = this.#guesses.get(step);
    if (guess === undefined) return eps;
    this.#guesses.delete(step);
    const { lookAhead } = this.#sampler;
    const [output, real] = [eps.data as Float32Array, latents.data as Float32Array];
    return { ...eps, data: lookAhead.restated(output, guess, real, step) };
  }

  #predicted(step: number, base: number): Tensor {
    if (this.#predictor === undefined)
      throw new RangeError(`latents of step ${step} are wanted at step ${base}`);
    return this.#predictor.predict(step, base, this.#latents);
  }

  #hasDrifted(step: number): boolean {
    const { tolerance: later, earlyTolerance, holds = 0 } = this.#options.lookAhead ?? {};
    const isEarly = step < (isFlow(this.#sampler) ? EARLY_OF_FLOW : EARLY) * this.#sampler.numCalls;
    const tolerance = isEarly ? (earlyTolerance ?? later) : later;
    const drift = this.#predictor?.drifts[step];
    // Not `drift > tolerance`: a prediction that has run away is no number any more.
    return tolerance !== undefined && holds > 0 && drift !== undefined && !(drift <= tolerance);
  }
}
