import {
  clipEmbeds,
  defaultsOr,
  finishPictures,
  guidanceEmbedding,
  guidanceEmbeddingSize,
  noisedPicture,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  startLatents,
  unetSizes,
} from '../kit/index.js';

const IMAGE_STRENGTH = 0.8;
/** Samplers whose timesteps are those of a distillation. */
const DISTILLED: ReadonlySet<string> = new Set(['lcm', 'tcd']);

/** Latent Consistency Models of Stable Diffusion: the guidance scale is an input, there is no second half and no negative prompt. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Latent Consistency Model',
    classNames: ['LatentConsistencyModelPipeline', 'LatentConsistencyModelImg2ImgPipeline'],
    predictor: 'unet',
    needsNoiseScale: true,
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'clipSkip', 'promptWeighting', 'latents', 'image', 'strength'],
    defaults: defaultsOr({ numInferenceSteps: 4, guidanceScale: 8.5 }),
    sizes: unetSizes,
    sizedBy: ({ image }) => image,
    begin: async (run) => {
      const size = guidanceEmbeddingSize(run) ?? 256;
      return {
        ...(await start(run)),
        conditioning: {
          encoder_hidden_states: await clipEmbeds(run, false),
          timestep_cond: guidanceEmbedding(run, size),
        },
      };
    },
    finish: finishPictures,
  },
];

/** From a picture all steps are run: `strength` says from which of the distillation's timesteps they are taken. */
async function start(run: PipelineRun): Promise<Omit<PredictorJob, 'conditioning'>> {
  const { image, latents, strength = IMAGE_STRENGTH } = run.call;
  const whole = run.sampler();
  if (image === undefined || !DISTILLED.has(whole.name))
    return await startLatents(run, { strength: IMAGE_STRENGTH, halves: 1 });
  const sampler = run.sampler(undefined, { strength });
  if (latents !== undefined) return { sampler, latents };
  return { sampler, latents: await noisedPicture(run, sampler) };
}
