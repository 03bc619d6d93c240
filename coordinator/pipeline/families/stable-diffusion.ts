import type { Tensor } from '../../../common/tensor/index.js';
import { forLatents, type SchedulerConfig } from '../../../samplers/index.js';
import {
  decodePictures,
  defaultsOr,
  encodeClip,
  guidanceAbove1,
  guidedRows,
  latentDims,
  type PipelineDescription,
  type PipelineRun,
  scaledNoise,
  unetSizes,
  unitLatents,
  unscaleLatents,
} from '../kit/index.js';

/** Stable Diffusion 1.x and 2.x: one CLIP text encoder, a U-Net on [B, 4, height/8, width/8]. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Diffusion',
    classNames: ['StableDiffusionPipeline'],
    predictor: 'unet',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'negativePromptEmbeds', 'latents'],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 7.5 }),
    sizes: unetSizes,
    begin: async (run) => {
      const guidance = guidanceAbove1(run);
      const embeds = await promptEmbeds(run, guidance !== undefined);
      const sampler = run.sampler(asStableDiffusion);
      return {
        sampler,
        latents: scaledNoise(unitLatents(run, latentDims(run)), sampler),
        conditioning: { encoder_hidden_states: embeds },
        guidance,
      };
    },
    finish: async (run, latents) => ({
      pictures: await decodePictures(run, unscaleLatents(run.model, latents)),
    }),
  },
];

/** StableDiffusionPipeline's constructor overrides these whatever the file says. */
function asStableDiffusion(config: SchedulerConfig): SchedulerConfig {
  return { ...forLatents(config), steps_offset: 1 };
}

/** [B or 2B, tokens, hidden] */
async function promptEmbeds(run: PipelineRun, guided: boolean): Promise<Tensor> {
  const { call } = run;
  const encode = async (text: string, what: string): Promise<Tensor> =>
    (
      await encodeClip(run, {
        encoder: 'text_encoder',
        tokenizer: 'tokenizer',
        text,
        what,
      })
    ).states;
  const negative = guided
    ? (call.negativePromptEmbeds ?? (await encode(call.negativePrompt ?? '', 'negative prompt')))
    : undefined;
  const positive = call.promptEmbeds ?? (await encode(call.prompt, 'prompt'));
  return guidedRows(negative, positive, run.numImages);
}
