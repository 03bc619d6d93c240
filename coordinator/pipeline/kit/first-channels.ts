import type { PredictorAdaptation } from '../../../planner/index.js';
import type { PipelineRun } from './description.js';
import { fixedAxis } from './parts.js';
import { latentChannels } from './vae.js';

/** Leaves the variance aside that some predictors give on as many channels again behind the noise. */
export function firstChannels(run: PipelineRun): PredictorAdaptation | undefined {
  const channels = latentChannels(run.model, run.partInfo);
  const given =
    fixedAxis(run.predictor.outputs[0], 1) ?? run.model.parts['transformer']?.config['out_channels'];
  return given === 2 * channels ? { keepChannels: channels } : undefined;
}
