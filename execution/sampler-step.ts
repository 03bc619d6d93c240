import { AsyncDiffError } from '../common/errors/index.js';
import { elementCount, float32, formatDims, type Tensor } from '../common/tensor/index.js';
import {
  createSampler,
  formatSchedulerConfig,
  keepRegion,
  type NoiseSeed,
  parseSamplerOptions,
  parseSchedulerConfig,
  type Sampler,
  SeededNoise,
} from '../samplers/index.js';
import type { ScheduleSettings } from '../program/index.js';
import type { SamplerStart } from './sampler-state.js';

/** The latents of `step` as the model takes them, float32 [batch, channels, ...], not repeated for guidance. */
export function modelInput(sampler: Sampler, latents: Tensor, step: number): Tensor {
  return float32(sampler.scaleModelInput(latents.data as Float32Array, step), latents.dims);
}

/**
 * The latents after `step`, a new tensor.
 * @param eps of the latents' size, or twice its channels where the model predicts a variance as well
 * @throws `model_unsupported` where the prediction is of another size
 */
export function takeStep(sampler: Sampler, eps: Tensor, step: number, latents: Tensor): Tensor {
  const [given, wanted] = [elementCount(eps.dims), elementCount(latents.dims)];
  if (given !== wanted && given !== 2 * wanted) {
    throw new AsyncDiffError(
      'model_unsupported',
      `the prediction is ${formatDims(eps.dims)}, the latents are ${formatDims(latents.dims)}`,
      {
        hint: 'The model must predict as many channels as the latents have, or twice as many (a variance as well).',
      },
    );
  }
  const next = sampler.step(eps.data as Float32Array, step, latents.data as Float32Array, latents.dims);
  return float32(next, latents.dims);
}

/** What another process needs to go on where this sampler stands. */
export function samplerStart(
  sampler: Sampler,
  { firstStep = 0 }: Pick<ScheduleSettings, 'firstStep'>,
  { latents, lookAhead, foresight }: Pick<SamplerStart, 'latents' | 'lookAhead' | 'foresight'>,
): SamplerStart {
  return {
    schedulerConfig: formatSchedulerConfig(sampler.config),
    name: sampler.name,
    numInferenceSteps: sampler.numInferenceSteps,
    options: JSON.stringify(sampler.options),
    noise: noiseSeed(sampler),
    kept: sampler.kept,
    nextStep: firstStep,
    latents,
    history: sampler.history(),
    lookAhead,
    foresight,
  };
}

/** The sampler that another process goes on with. */
export function startedSampler(start: SamplerStart): Sampler {
  const sampler = createSampler(parseSchedulerConfig(start.schedulerConfig), start.numInferenceSteps, {
    name: start.name,
    options: parseSamplerOptions(start.options),
    noise: start.noise === undefined ? undefined : new SeededNoise(start.noise),
  });
  const started = start.kept === undefined ? sampler : keepRegion(sampler, start.kept);
  started.resume(start.nextStep, start.history);
  return started;
}

/** Noise given as arrays cannot follow the sampler to another process. */
function noiseSeed({ noise, name }: Sampler): NoiseSeed | undefined {
  if (noise === undefined || noise.seed !== undefined) return noise?.seed;
  throw new AsyncDiffError(
    'internal',
    `the noise of the sampler ${name} has no seed to be made from elsewhere`,
  );
}
