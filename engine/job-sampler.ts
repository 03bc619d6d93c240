import type { Tensor } from '../common/tensor/index.js';
import { createSampler, parseSchedulerConfig, type Sampler } from '../samplers/index.js';
import { modelInput, takeStep } from './sampler-step.js';

/** Where a sampler stands, so that another process can go on with it. */
export interface SamplerStart {
  /** The config it was made from, as the text of a scheduler_config.json. */
  readonly schedulerConfig: string;
  /** As `--scheduler` takes it. */
  readonly name: string;
  readonly numInferenceSteps: number;
  /** The step that comes next. */
  readonly firstStep: number;
  /** Latents of `firstStep`, float32, not scaled for the model. */
  readonly latents: Tensor;
  readonly history: readonly Float32Array[];
}

/**
 * The sampler where component N runs. Its own next input does not travel to the coordinator and back (half of the way that
 * limits a U-shaped cut), and other readers of the latents get them from here. The coordinator takes the same steps from
 * the same noise predictions: it has every latent tensor when a worker is lost.
 */
export class JobSampler {
  readonly #sampler: Sampler;
  #latents: Tensor;
  readonly #roundEnds = new Set<number>();

  constructor(start: SamplerStart) {
    this.#sampler = createSampler(
      parseSchedulerConfig(start.schedulerConfig),
      start.numInferenceSteps,
      start.name,
    );
    this.#sampler.resume(start.firstStep, start.history);
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
    if (!this.#roundEnds.delete(step) || next >= this.#sampler.numInferenceSteps) return undefined;
    return { step: next, latents: modelInput(this.#sampler, this.#latents, next) };
  }
}
