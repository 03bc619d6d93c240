import { type PipelineDescription, qwenImage, qwenImageJob } from '../kit/index.js';

/** Qwen-Image: states of a language model, tokens of 2x2 latents, guidance that keeps the length of each token's prediction. */
export const pipelines: readonly PipelineDescription[] = [
  {
    ...qwenImage,
    name: 'Qwen-Image',
    classNames: ['QwenImagePipeline', 'QwenImageImg2ImgPipeline', 'QwenImageInpaintPipeline'],
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: [
      'promptEmbeds',
      'negativePromptEmbeds',
      'trueCfgScale',
      'maxSequenceLength',
      'latents',
      'image',
      'maskImage',
      'strength',
    ],
    begin: qwenImageJob,
  },
];
