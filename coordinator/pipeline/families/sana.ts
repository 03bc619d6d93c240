import { float32 } from '../../../common/tensor/index.js';
import {
  bothPrompts,
  concat,
  configNumber,
  configSize,
  defaultsOr,
  finishPictures,
  encodeT5,
  firstChannels,
  givenMask,
  givenStates,
  guidanceAbove1,
  guidedRows,
  latentDims,
  mapFloats,
  type ModelFolder,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  type PromptSide,
  repeatRows,
  type T5States,
  scaledNoise,
  sliceTokens,
  sizeUnlessFixed,
  type SizeRule,
  transformerSizes,
  unitLatents,
} from '../kit/index.js';

const EDGE = 1024;
/** Edges of the pictures whose sizes diffusers has a table for. */
const EDGES: readonly number[] = [512, 1024, 2048, 4096];
const MAX_SEQUENCE_LENGTH = 300;
/** More than the instruction before a prompt has. */
const MANY_TOKENS = 2048;

/** `complex_human_instruction` of SanaPipeline's __call__: stands before the prompt, and only the prompt's states are kept. */
const INSTRUCTION = [
  "Given a user prompt, generate an 'Enhanced prompt' that provides detailed visual descriptions suitable for image generation. Evaluate the level of detail in the user prompt:",
  '- If the prompt is simple, focus on adding specifics about colors, shapes, sizes, textures, and spatial relationships to create vivid and concrete scenes.',
  '- If the prompt is already detailed, refine and enhance the existing details slightly without overcomplicating.',
  'Here are examples of how to transform or refine prompts:',
  '- User Prompt: A cat sleeping -> Enhanced: A small, fluffy white cat curled up in a round shape, sleeping peacefully on a warm sunny windowsill, surrounded by pots of blooming red flowers.',
  '- User Prompt: A busy city street -> Enhanced: A bustling city street scene at dusk, featuring glowing street lamps, a diverse crowd of people in colorful clothing, and a double-decker bus passing by towering glass skyscrapers.',
  'Please generate only the enhanced description for the prompt below and avoid including any additional commentary or evaluations:',
  'User Prompt: ',
].join('\n');

const shared = {
  predictor: 'transformer',
  needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
  sizes: (model: ModelFolder, partInfo: PipelineRun['partInfo']): SizeRule => {
    const patch = configSize(model.parts['transformer'], 'patch_size', 1);
    const rule = transformerSizes(model, partInfo, { patch });
    return sizeUnlessFixed(rule, { height: EDGE, width: EDGE });
  },
  binEdge: (model: ModelFolder): number | undefined => {
    const edge = 32 * configSize(model.parts['transformer'], 'sample_size', 32);
    return EDGES.includes(edge) ? edge : undefined;
  },
} as const;

/** Sana and its Sprint, distilled to two steps: a Gemma as text encoder, a transformer on latents of 32 x 32 pixels each. */
export const pipelines: readonly PipelineDescription[] = [
  {
    ...shared,
    name: 'Sana',
    classNames: ['SanaPipeline'],
    takes: [
      'promptEmbeds',
      'negativePromptEmbeds',
      'promptAttentionMask',
      'negativePromptAttentionMask',
      'maxSequenceLength',
      'useResolutionBinning',
      'complexHumanInstruction',
      'latents',
    ],
    defaults: defaultsOr({ numInferenceSteps: 20, guidanceScale: 4.5 }),
    begin,
    finish: finishPictures,
  },
  {
    ...shared,
    name: 'Sana Sprint',
    classNames: ['SanaSprintPipeline'],
    takes: [
      'promptEmbeds',
      'promptAttentionMask',
      'maxSequenceLength',
      'useResolutionBinning',
      'complexHumanInstruction',
      'latents',
    ],
    defaults: defaultsOr({ numInferenceSteps: 2, guidanceScale: 4.5 }),
    begin: beginSprint,
    finish: async (run, latents) => {
      const deviation = sigmaData(run);
      return await finishPictures(
        run,
        mapFloats(latents, (value) => value / deviation),
      );
    },
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages, model } = run;
  const guidance = guidanceAbove1(run);
  const { positive, negative } = await bothPrompts(call, guidance !== undefined, (side) =>
    embeddings(run, side, side.what === 'prompt' ? (call.complexHumanInstruction ?? INSTRUCTION) : ''),
  );
  const sampler = run.sampler();
  const scale = configNumber(model.parts['transformer'], 'timestep_scale', 1);
  return {
    sampler,
    timesteps: sampler.timesteps.map((timestep) => Math.fround(timestep * scale)),
    latents: scaledNoise(unitLatents(run, latentDims(run)), sampler),
    conditioning: {
      encoder_hidden_states: guidedRows(negative?.states, positive.states, numImages),
      encoder_attention_mask: guidedRows(negative?.mask, positive.mask, numImages),
    },
    guidance,
    adaptation: firstChannels(run),
  };
}

/** Time is an angle to its sampler (TrigFlow), and a share of the way from data to noise to its transformer. */
async function beginSprint(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages, model } = run;
  const { positive } = await bothPrompts(call, false, (side) =>
    embeddings(run, side, call.complexHumanInstruction ?? INSTRUCTION),
  );
  const sampler = run.sampler();
  const deviation = sigmaData(run);
  const scale = configNumber(model.parts['transformer'], 'guidance_embeds_scale', 0.1);
  const guidance = float32(Float32Array.of(Math.fround(run.guidanceScale) * Math.fround(scale)), [1]);
  return {
    sampler,
    timesteps: sampler.timesteps.map((angle) => {
      const [sine, cosine] = [Math.fround(Math.sin(angle)), Math.fround(Math.cos(angle))];
      return Math.fround(sine / Math.fround(cosine + sine));
    }),
    latents: mapFloats(unitLatents(run, latentDims(run)), (value) => value * deviation),
    conditioning: {
      encoder_hidden_states: guidedRows(undefined, positive.states, numImages),
      encoder_attention_mask: guidedRows(undefined, positive.mask, numImages),
      guidance: repeatRows(guidance, numImages),
    },
    adaptation: { ...firstChannels(run), trigFlow: { latents: 'hidden_states', sigmaData: deviation } },
  };
}

/** Deviation of the data. */
function sigmaData(run: PipelineRun): number {
  const config = { config: run.schedulerConfig(), configName: 'scheduler/scheduler_config.json' };
  return Math.fround(configNumber(config, 'sigma_data', 0.5));
}

/**
 * [1, tokens, hidden] and int64 [1, tokens]: the first token (of the beginning), and the last of the others.
 * @param instruction stands before the text; none where empty
 */
async function embeddings(
  run: PipelineRun,
  { text, what, embeds, mask }: PromptSide,
  instruction: string,
): Promise<T5States> {
  if (embeds !== undefined) {
    const states = givenStates(embeds);
    return { states, mask: givenMask(mask, states) };
  }
  const kept = run.call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH;
  const lowered = text.toLowerCase().trim();
  const before = instruction === '' ? 0 : await tokensOf(run, instruction);
  const encoded = await encodeT5(run, {
    encoder: 'text_encoder',
    tokenizer: 'tokenizer',
    text: `${instruction}${lowered}`,
    what,
    maxLength: instruction === '' ? kept : before + kept - 2,
  });
  const length = encoded.states.dims[1] ?? kept;
  if (length <= kept) return encoded;
  const first = sliceTokens(encoded.states, 0, 1);
  const last = sliceTokens(encoded.states, length - kept + 1, length);
  const bits = encoded.mask.data as BigInt64Array;
  const data = BigInt64Array.from([bits[0] ?? 1n, ...bits.slice(length - kept + 1)]);
  return { states: concat([first, last], 1), mask: { dtype: 'int64', dims: [1, kept], data } };
}

async function tokensOf(run: PipelineRun, text: string): Promise<number> {
  const { attentionMask } = await run.tokenize('tokenizer', text, { maxLength: MANY_TOKENS });
  return attentionMask.filter((one) => one === 1).length;
}
