import {
  defaultsOr,
  finishPictures,
  encodeClip,
  guidanceEmbedding,
  guidanceEmbeddingSize,
  type PipelineDescription,
  repeatRows,
  startLatents,
  unetSizes,
} from '../kit/index.js';

const IMAGE_STRENGTH = 0.8;

/** Latent Consistency Models of Stable Diffusion: the guidance scale is an input, there is no second half and no negative prompt. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Latent Consistency Model',
    classNames: ['LatentConsistencyModelPipeline', 'LatentConsistencyModelImg2ImgPipeline'],
    predictor: 'unet',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'promptWeighting', 'latents', 'image', 'strength'],
    defaults: defaultsOr({ numInferenceSteps: 4, guidanceScale: 8.5 }),
    sizes: unetSizes,
    sizedBy: ({ image }) => image,
    begin: async (run) => {
      const { call, numImages } = run;
      const prompt = { encoder: 'text_encoder', tokenizer: 'tokenizer', text: call.prompt, what: 'prompt' };
      const states = call.promptEmbeds ?? (await encodeClip(run, prompt)).states;
      const size = guidanceEmbeddingSize(run) ?? 256;
      const start = await startLatents(run, { strength: IMAGE_STRENGTH, halves: 1 });
      return {
        ...start,
        conditioning: {
          encoder_hidden_states: repeatRows(states, numImages),
          timestep_cond: guidanceEmbedding(run, size),
        },
      };
    },
    finish: finishPictures,
  },
];
