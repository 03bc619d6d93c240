import type { Tensor } from '../../../common/tensor/index.js';
import type { PipelineOutput, PipelineRun } from './description.js';
import { decodePictures, unscaleLatents } from './vae.js';

/** The end of a pipeline of pictures: its latents without the VAE's scale and shift, through the VAE. */
export async function finishPictures(run: PipelineRun, latents: Tensor): Promise<PipelineOutput> {
  return { pictures: await decodePictures(run, unscaleLatents(run.model, latents)) };
}
