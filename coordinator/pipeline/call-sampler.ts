import {
  createSampler,
  keepRegion,
  parseSchedulerConfig,
  type Sampler,
  type SamplerOptions,
} from '../../samplers/index.js';
import type { ModelFolder, NoiseDraws, PipelineCall, PipelineRun } from './kit/index.js';

/** {@link PipelineRun.sampler} of one call; the sampler has no noise of its own yet. */
export function callSampler(
  model: ModelFolder,
  call: PipelineCall,
  numInferenceSteps: number | undefined,
): PipelineRun['sampler'] {
  return (change = (config) => config, options = {}) => {
    const config = change(parseSchedulerConfig(call.schedulerConfig || model.schedulerConfigText));
    return createSampler(config, numInferenceSteps, {
      name: call.scheduler || undefined,
      options: { ...options, ...call.samplerOptions },
    });
  };
}

/**
 * The same sampler with the fresh noise that follows what was drawn for the job.
 * @param span which calls of the run it makes; all unless set
 */
export function withNoise(
  { config, numInferenceSteps, name, options, kept }: Sampler,
  draws: NoiseDraws,
  span: SamplerOptions = {},
): Sampler {
  const noise = draws.forSampler();
  const sampler = createSampler(config, numInferenceSteps, { name, options: { ...options, ...span }, noise });
  return kept === undefined ? sampler : keepRegion(sampler, kept);
}
