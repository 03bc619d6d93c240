import { float32, type Tensor } from '../../../common/tensor/index.js';
import { bothPrompts } from './both-prompts.js';
import { type ChatForm, chatStates } from './chat-prompt.js';
import type { PipelineOutput, PipelineRun, PredictorJob } from './description.js';
import { dynamicShift, evenSigmas } from './flow-shift.js';
import { defaultsOr } from './guidance.js';
import { configFlag } from './model-folder.js';
import { packedStart } from './packed-start.js';
import { unpackPatches } from './packing.js';
import { framePictureLatents, spreadLatents } from './standard-latents.js';
import { repeatRows } from './tensor-rows.js';
import { guidedTokens } from './token-states.js';
import { transformerSizes } from './transformer-size.js';
import { vaeScaleFactor } from './vae.js';
import { decodeVideos } from './video.js';

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

/** What pipelines of Qwen-Image have in common. */
export const qwenImage = {
  predictor: 'transformer',
  defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 1 }),
  sizes: transformerSizes,
  finish: async (run: PipelineRun, latents: Tensor): Promise<PipelineOutput> => {
    const scale = vaeScaleFactor(run.model, run.partInfo);
    const { data, dims } = unpackPatches(latents, run.height / scale, run.width / scale);
    const [batch = 1, channels = 1, ...rest] = dims;
    const video = { dtype: 'float32', dims: [batch, channels, 1, ...rest], data } as const;
    return { pictures: await decodeVideos(run, spreadLatents(run.model, video)) };
  },
} as const;

/** The job of a Qwen-Image pipeline: embeddings, and tokens from noise or a picture. */
export async function qwenImageJob(run: PipelineRun): Promise<PredictorJob> {
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
