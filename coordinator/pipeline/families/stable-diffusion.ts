import { forLatents, type SchedulerConfig } from '../../../samplers/index.js';
import {
  clipEmbeds,
  defaultsOr,
  finishPictures,
  hasControl,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  sizedByPicture,
  unetJob,
  unetSizes,
} from '../kit/index.js';

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
    needsNoiseScale: true,
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
    sizedBy: sizedByPicture,
    begin,
    finish: finishPictures,
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const isInpainting = run.call.maskImage !== undefined;
  return await unetJob(run, {
    // Pipelines with a ControlNet override nothing.
    change: hasControl(run) ? undefined : isInpainting ? asInpainting : asStableDiffusion,
    imageStrength: 0.8,
    inpaintStrength: 1,
    inpaintControlScale: 0.5,
    conditioning: async (isGuided) => ({ encoder_hidden_states: await clipEmbeds(run, isGuided) }),
  });
}

/** The constructors of StableDiffusionPipeline and its image-to-image pipeline override these whatever the file says. */
function asStableDiffusion(config: SchedulerConfig): SchedulerConfig {
  return { ...forLatents(config), steps_offset: 1 };
}

/** Inpainting's constructor overrides others. */
function asInpainting(config: SchedulerConfig): SchedulerConfig {
  return { ...config, steps_offset: 1, skip_prk_steps: true };
}
