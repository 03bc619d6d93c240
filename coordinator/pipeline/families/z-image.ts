import { float32 } from '../../../common/tensor/index.js';
import {
  bothPrompts,
  chatStates,
  defaultsOr,
  finishPictures,
  dynamicShift,
  evenSigmas,
  guidedTokens,
  latentDims,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  startLatents,
  transformerSizes,
} from '../kit/index.js';

/** Qwen3's chat template around one message, with a reply to follow. */
const TEMPLATE = {
  before: '<|im_start|>user\n',
  after: '<|im_end|>\n<|im_start|>assistant\n',
  dropped: 0,
} as const;
const MAX_SEQUENCE_LENGTH = 512;
const STRENGTH = 0.6;
const INPAINT_STRENGTH = 1;

/** Z-Image and its Turbo: states of a language model, a transformer on [B, 16, 1, height/8, width/8] that counts time upwards. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Z-Image',
    classNames: ['ZImagePipeline', 'ZImageImg2ImgPipeline', 'ZImageInpaintPipeline'],
    predictor: 'transformer',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: [
      'promptEmbeds',
      'negativePromptEmbeds',
      'maxSequenceLength',
      'latents',
      'image',
      'maskImage',
      'strength',
    ],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 5 }),
    sizes: transformerSizes,
    sizedBy: ({ image }) => image,
    begin,
    finish: async (run, latents) => {
      const [batch = 1, channels = 1, , ...rest] = latents.dims;
      const picture = { ...latents, dims: [batch, channels, ...rest] };
      return await finishPictures(run, picture);
    },
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, guidanceScale } = run;
  // c + g (c - u), from any g above 0: one more than the scale of other pipelines.
  const guidance = guidanceScale > 0 ? { scale: guidanceScale + 1 } : undefined;
  const maxLength = call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH;
  const { positive, negative } = await bothPrompts(call, guidance !== undefined, (side) =>
    chatStates(run, side, { template: TEMPLATE, maxLength, layersBack: 1 }),
  );
  const dims = latentDims(run);
  const [images = 1, channels = 1, height = 0, width = 0] = dims;
  const { sampler, latents } = await startLatents(run, {
    strength: call.maskImage === undefined ? STRENGTH : INPAINT_STRENGTH,
    halves: guidance === undefined ? 1 : 2,
    roundsStepsUp: true,
    options: {
      sigmas: evenSigmas(run.numInferenceSteps),
      mu: dynamicShift(run, Math.floor(height / 2) * Math.floor(width / 2)),
    },
  });
  return {
    sampler,
    timesteps: sampler.timesteps.map((timestep) => Math.fround(Math.fround(1000 - timestep) / 1000)),
    latents: float32(latents.data as Float32Array, [images, channels, 1, height, width]),
    conditioning: {
      encoder_hidden_states: guidedTokens(run, negative, positive, undefined).states,
    },
    guidance,
    adaptation: { negate: true },
  };
}
