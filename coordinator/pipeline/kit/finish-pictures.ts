import type { Tensor } from '../../../common/tensor/index.js';
import type { PipelineOutput, PipelineRun } from './description.js';
import { unpackPatches } from './packing.js';
import { decodePictures, unscaleLatents, vaeScaleFactor } from './vae.js';

/** The end of a pipeline of pictures: its latents without the VAE's scale and shift, through the VAE. */
export async function finishPictures(run: PipelineRun, latents: Tensor): Promise<PipelineOutput> {
  return { pictures: await decodePictures(run, unscaleLatents(run.model, latents)) };
}

/** The same of latents that are tokens of 2x2, as FLUX.1 has them. */
export async function finishPackedPictures(run: PipelineRun, latents: Tensor): Promise<PipelineOutput> {
  const scale = vaeScaleFactor(run.model, run.partInfo);
  return await finishPictures(run, unpackPatches(latents, run.height / scale, run.width / scale));
}
