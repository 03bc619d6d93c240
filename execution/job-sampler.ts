import { float32, type Tensor } from '../common/tensor/index.js';
import {
  createSampler,
  keepRegion,
  parseSchedulerConfig,
  type Sampler,
  SeededNoise,
} from '../samplers/index.js';
import type { SamplerStart, SamplerState } from './sampler-state.js';
import { modelInput, takeStep } from './sampler-step.js';

/**
 * The sampler where component N runs. Its own next input does not travel to the coordinator and back (half of the way that
 * limits a U-shaped cut), and other readers of the latents get them from here. The coordinator gets the state every few rounds: from
 * there a job goes on when a worker is lost.
 */
export class JobSampler {
  readonly #sampler: Sampler;
  #latents: Tensor;
  readonly #roundEnds = new Set<number>();

  constructor(start: SamplerStart) {
    const sampler = createSampler(parseSchedulerConfig(start.schedulerConfig), start.numInferenceSteps, {
      name: start.name,
      options: start.options,
      noise: start.noise === undefined ? undefined : new SeededNoise(start.noise),
    });
    this.#sampler = start.kept === undefined ? sampler : keepRegion(sampler, start.kept);
    this.#sampler.resume(start.nextStep, start.history);
    this.#latents = start.latents;
  }

  /** A round ends with `step`: the latents after it are the next round's. */
  endRoundWith(step: number): void {
    this.#roundEnds.add(step);
  }

  /**
   * Takes the step of a noise prediction (not kept, not changed). They come in order: component N's runs do.
   *
   * @returns if a round ended with it, the latents of the next round's first step as the model takes them
   */
  take(step: number, eps: Tensor): { readonly step: number; readonly latents: Tensor } | undefined {
    this.#latents = takeStep(this.#sampler, eps, step, this.#latents);
    const next = step + 1;
    if (!this.#roundEnds.delete(step) || next >= this.#sampler.numCalls) return undefined;
    return { step: next, latents: modelInput(this.#sampler, this.#latents, next) };
  }

  /** After `step`, the one taken last. Copies: the memory is the receiver's. */
  stateAfter(step: number): SamplerState {
    return {
      nextStep: step + 1,
      latents: float32((this.#latents.data as Float32Array).slice(), this.#latents.dims),
      history: this.#sampler.history().map((values) => values.slice()),
    };
  }
}
