import { float32 } from '../../../common/tensor/index.js';
import {
  bothPrompts,
  type ChatForm,
  chatStates,
  configFlag,
  decodeVideos,
  defaultsOr,
  dynamicShift,
  evenSigmas,
  framePictureLatents,
  guidedTokens,
  packedStart,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  repeatRows,
  spreadLatents,
  transformerSizes,
  unpackPatches,
  vaeScaleFactor,
} from '../kit/index.js';

/** Text around a prompt, and its tokens before the prompt, whose states are dropped (`prompt_template_encode`). */
const TEMPLATE = {
  before:
    '<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity, text, spatial relationships of the objects and background:<|im_end|>\n<|im_start|>user\n',
  after: '<|im_end|>\n<|im_start|>assistant\n',
  dropped: 34,
} as const;
const ENCODED_TOKENS = 1024;
const MAX_SEQUENCE_LENGTH = 512;
const TRUE_CFG_SCALE = 4;
const STRENGTH = 0.6;

/** Qwen-Image: states of a language model, tokens of 2x2 latents, guidance that keeps the length of each token's prediction. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Qwen-Image',
    classNames: ['QwenImagePipeline', 'QwenImageImg2ImgPipeline', 'QwenImageInpaintPipeline'],
    predictor: 'transformer',
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
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 1 }),
    sizes: transformerSizes,
    begin,
    finish: async (run, latents) => {
      const scale = vaeScaleFactor(run.model, run.partInfo);
      const { data, dims } = unpackPatches(latents, run.height / scale, run.width / scale);
      const [batch = 1, channels = 1, ...rest] = dims;
      const video = { dtype: 'float32', dims: [batch, channels, 1, ...rest], data } as const;
      return { pictures: await decodeVideos(run, spreadLatents(run.model, video)) };
    },
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages, height, width } = run;
  const scale = call.trueCfgScale ?? TRUE_CFG_SCALE;
  const hasNegative = call.negativePrompt !== undefined || call.negativePromptEmbeds !== undefined;
  const guidance = scale > 1 && hasNegative ? { scale, keepsNorm: true } : undefined;
  const form: ChatForm = {
    template: TEMPLATE,
    maxLength: ENCODED_TOKENS + TEMPLATE.dropped,
    layersBack: 0,
    keepTokens: call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH,
  };
  const { positive, negative } = await bothPrompts(call, guidance !== undefined, (side) =>
    chatStates(run, side, form),
  );
  const text = guidedTokens(run, negative, positive, 'encoder_hidden_states_mask');
  const edge = vaeScaleFactor(run.model, run.partInfo) * 2;
  const tokens = (height / edge) * (width / edge);
  const { sampler, latents } = await packedStart(run, {
    tokens,
    strength: STRENGTH,
    options: { sigmas: evenSigmas(run.numInferenceSteps), mu: dynamicShift(run, tokens) },
    toLatents: framePictureLatents,
  });
  const embedsGuidance = configFlag(run.model.parts['transformer']?.config ?? {}, 'guidance_embeds', false);
  const scaleInput = float32(Float32Array.of(run.guidanceScale), [1]);
  return {
    sampler,
    timesteps: sampler.timesteps.map((timestep) => Math.fround(timestep / 1000)),
    latents,
    conditioning: {
      encoder_hidden_states: text.states,
      encoder_hidden_states_mask: text.mask,
      ...(embedsGuidance ? { guidance: repeatRows(scaleInput, numImages * (guidance ? 2 : 1)) } : {}),
    },
    guidance,
    rowByRow: true,
  };
}
