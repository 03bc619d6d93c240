import { forLatents, type SchedulerConfig } from '../../../samplers/index.js';
import {
  clipEmbeds,
  decodePictures,
  defaultsOr,
  guidanceAbove1,
  guidanceEmbedding,
  guidanceEmbeddingSize,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  startLatents,
  takesControl,
  unetSizes,
  unscaleLatents,
  withControl,
} from '../kit/index.js';

/** Strength where none is asked for, as __call__ of the image-to-image and the inpainting pipeline has it. */
const IMAGE_STRENGTH = 0.8;
const INPAINT_STRENGTH = 1;
/** controlnet_conditioning_scale of image to image; 1 elsewhere. */
const IMAGE_CONTROL_SCALE = 0.8;

/** Stable Diffusion 1.x and 2.x: one CLIP text encoder, a U-Net on [B, 4, height/8, width/8], or 9 channels for inpainting. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Diffusion',
    classNames: [
      'StableDiffusionPipeline',
      'StableDiffusionImg2ImgPipeline',
      'StableDiffusionInpaintPipeline',
      'StableDiffusionInpaintPipelineLegacy',
      'StableDiffusionControlNetPipeline',
      'StableDiffusionControlNetImg2ImgPipeline',
      'StableDiffusionControlNetInpaintPipeline',
    ],
    predictor: 'unet',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: [
      'promptEmbeds',
      'negativePromptEmbeds',
      'clipSkip',
      'promptWeighting',
      'guidanceRescale',
      'latents',
      'image',
      'maskImage',
      'strength',
      'controlImage',
      'controlnetConditioningScale',
      'controlGuidanceStart',
      'controlGuidanceEnd',
    ],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 7.5 }),
    sizes: unetSizes,
    sizedBy: ({ image, maskImage, controlImage }) =>
      maskImage === undefined ? (image ?? controlImage) : undefined,
    begin,
    finish: async (run, latents) => ({
      pictures: await decodePictures(run, unscaleLatents(run.model, latents)),
    }),
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const embedding = guidanceEmbeddingSize(run);
  const guidance = embedding === undefined ? guidanceAbove1(run) : undefined;
  const embeds = await clipEmbeds(run, guidance !== undefined);
  const isInpainting = run.call.maskImage !== undefined;
  const hasControl = takesControl(run) || run.call.controlImage !== undefined;
  const start = await startLatents(run, {
    // Pipelines with a ControlNet override nothing.
    change: hasControl ? undefined : isInpainting ? asInpainting : asStableDiffusion,
    strength: isInpainting ? INPAINT_STRENGTH : IMAGE_STRENGTH,
    halves: guidance === undefined ? 1 : 2,
  });
  const job = {
    ...start,
    conditioning: {
      ...start.conditioning,
      encoder_hidden_states: embeds,
      ...(embedding === undefined ? {} : { timestep_cond: guidanceEmbedding(run, embedding) }),
    },
    guidance,
  };
  return hasControl
    ? await withControl(run, job, run.call.image === undefined ? 1 : IMAGE_CONTROL_SCALE)
    : job;
}

/** The constructors of StableDiffusionPipeline and its image-to-image pipeline override these whatever the file says. */
function asStableDiffusion(config: SchedulerConfig): SchedulerConfig {
  return { ...forLatents(config), steps_offset: 1 };
}

/** Inpainting's constructor overrides others. */
function asInpainting(config: SchedulerConfig): SchedulerConfig {
  return { ...config, steps_offset: 1, skip_prk_steps: true };
}
