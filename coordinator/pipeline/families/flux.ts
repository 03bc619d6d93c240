import {
  defaultsOr,
  finishPackedPictures,
  FLUX_ARGUMENTS,
  fluxJob,
  packedStart,
  type PipelineDescription,
  transformerSizes,
} from '../kit/index.js';

const STRENGTH = 0.6;

/** FLUX.1 schnell and dev: CLIP's pooled vector, a T5, and a transformer on tokens of 2x2 latents. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'FLUX.1',
    classNames: ['FluxPipeline', 'FluxImg2ImgPipeline', 'FluxInpaintPipeline'],
    predictor: 'transformer',
    needs: ['text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'vae_decoder'],
    takes: [...FLUX_ARGUMENTS, 'image', 'maskImage', 'strength'],
    defaults: defaultsOr({ numInferenceSteps: 28, guidanceScale: 3.5 }, () => ({ guidanceScale: 7 })),
    sizes: transformerSizes,
    begin: (run) => fluxJob(run, (form) => packedStart(run, { ...form, strength: STRENGTH })),
    finish: finishPackedPictures,
  },
];
