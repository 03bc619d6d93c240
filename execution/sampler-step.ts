import { AsyncDiffError } from '../common/errors/index.js';
import { elementCount, float32, formatDims, type Tensor } from '../common/tensor/index.js';
import { formatSchedulerConfig, type Sampler } from '../samplers/index.js';
import type { ScheduleSettings } from '../program/index.js';
import type { SamplerStart } from './sampler-state.js';

/** The latents of `step` as the model takes them, float32 [batch, channels, ...], not repeated for guidance. */
export function modelInput(sampler: Sampler, latents: Tensor, step: number): Tensor {
  return float32(sampler.scaleModelInput(latents.data as Float32Array, step), latents.dims);
}

/**
 * The latents after `step`, a new tensor.
 * Throws `model_unsupported` where the prediction is not of their size.
 */
export function takeStep(sampler: Sampler, eps: Tensor, step: number, latents: Tensor): Tensor {
  if (elementCount(eps.dims) !== elementCount(latents.dims)) {
    throw new AsyncDiffError(
      'model_unsupported',
      `the prediction is ${formatDims(eps.dims)}, the latents are ${formatDims(latents.dims)}`,
      {
        hint: 'Models that predict a variance as well (twice the channels) are not supported.',
      },
    );
  }
  return float32(sampler.step(eps.data as Float32Array, step, latents.data as Float32Array), latents.dims);
}

/** What another process needs to go on where this sampler stands. */
export function samplerStart(
  sampler: Sampler,
  { firstStep = 0 }: Pick<ScheduleSettings, 'firstStep'>,
  latents: Tensor,
): SamplerStart {
  return {
    schedulerConfig: formatSchedulerConfig(sampler.config),
    name: sampler.name,
    numInferenceSteps: sampler.numInferenceSteps,
    nextStep: firstStep,
    latents,
    history: sampler.history(),
  };
}
