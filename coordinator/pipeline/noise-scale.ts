import { AsyncDiffError } from '../../common/errors/index.js';
import { findSampler, type SchedulerConfig } from '../../samplers/index.js';

/**
 * Holds a pipeline that scales its first latents by the scheduler's `init_noise_sigma` against a scheduler that has none: diffusers ends such a call with an
 * AttributeError, and what would be drawn here is noise. A multistep scheduler with `use_flow_sigmas` has one.
 * @param pipeline its name, for people
 * @param chosen the sampler that stands in for the config's, if any
 * @throws AsyncDiffError `scheduler_unsupported`
 */
export function checkNoiseScale(pipeline: string, config: SchedulerConfig, chosen: string | undefined): void {
  const { _class_name: className } = config;
  const sampler = findSampler(chosen || className);
  if (sampler?.kind !== 'flow') return;
  throw new AsyncDiffError(
    'scheduler_unsupported',
    `${pipeline} scales its noise by the scheduler's init_noise_sigma, and ${sampler.className} has none: it is for models of flow matching`,
    {
      hint: 'Give the scheduler_config.json that the model was trained with, as --scheduler-config FILE. A U-Net of flow matching goes with a multistep scheduler that has use_flow_sigmas and the prediction_type flow_prediction.',
    },
  );
}
