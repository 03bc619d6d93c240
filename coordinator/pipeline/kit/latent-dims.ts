import type { PipelineRun } from './description.js';
import { latentChannels, vaeScaleFactor } from './vae.js';

/** [images, channels, height / scale, width / scale]: the latents of a call to a pipeline that does not pack them. */
export function latentDims(run: PipelineRun): number[] {
  const scale = vaeScaleFactor(run.model, run.partInfo);
  return [run.numImages, latentChannels(run.model, run.partInfo), run.height / scale, run.width / scale];
}
