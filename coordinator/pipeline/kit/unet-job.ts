import type { Tensor } from '../../../common/tensor/index.js';
import { hasControl, withControl } from './control.js';
import type { PipelineCall, PipelineRun, PredictorJob } from './description.js';
import { guidanceAbove1 } from './guidance.js';
import { guidanceEmbedding, guidanceEmbeddingSize } from './guidance-embedding.js';
import { startLatents, type StartOptions } from './start-latents.js';

/** controlnet_conditioning_scale of image to image; 1 from text. */
const IMAGE_CONTROL_SCALE = 0.8;

/** The given picture whose size a U-Net's pictures have where no size is asked for. */
export function sizedByPicture({ image, maskImage, controlImage }: PipelineCall): Uint8Array | undefined {
  return maskImage === undefined || controlImage !== undefined ? (image ?? controlImage) : undefined;
}

/** What differs between U-Nets of pictures. */
interface UnetJobOptions extends Pick<StartOptions, 'change'> {
  /** Strength where none is asked for, as __call__ of the image-to-image and the inpainting pipeline has it. */
  readonly imageStrength: number;
  readonly inpaintStrength: number;
  /** controlnet_conditioning_scale of inpainting where none is asked for. */
  readonly inpaintControlScale: number;
  /** What the U-Net reads besides latents and timestep; of both halves of the batch where guidance is classifier-free. */
  readonly conditioning: (isGuided: boolean) => Promise<Readonly<Record<string, Tensor>>>;
}

/** The job of a U-Net from a text, a picture or a picture with a mask; distilled ones read the guidance, and a ControlNet may go with it. */
export async function unetJob(run: PipelineRun, options: UnetJobOptions): Promise<PredictorJob> {
  const { change, imageStrength, inpaintStrength, inpaintControlScale, conditioning } = options;
  const embedding = guidanceEmbeddingSize(run);
  const guidance = embedding === undefined ? guidanceAbove1(run) : undefined;
  const own = await conditioning(guidance !== undefined);
  const start = await startLatents(run, {
    change,
    strength: run.call.maskImage === undefined ? imageStrength : inpaintStrength,
    halves: guidance === undefined ? 1 : 2,
  });
  const job = {
    ...start,
    conditioning: {
      ...start.conditioning,
      ...own,
      ...(embedding === undefined ? {} : { timestep_cond: guidanceEmbedding(run, embedding) }),
    },
    guidance,
  };
  if (!hasControl(run)) return job;
  const imageScale = run.call.image === undefined ? 1 : IMAGE_CONTROL_SCALE;
  return await withControl(run, job, {
    scale: run.call.maskImage === undefined ? imageScale : inpaintControlScale,
  });
}
