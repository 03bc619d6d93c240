import type { Guidance } from '../../../common/guidance/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import type { Tensor } from '../../../common/tensor/index.js';
import type { Sampler } from '../../../samplers/index.js';
import {
  bothPrompts,
  cleanPrompt,
  clipImageStates,
  configNumber,
  configNumbers,
  decodeVideos,
  defaultsOr,
  encodeT5,
  frameCount,
  givenStates,
  guidanceAbove1,
  guidedRows,
  latentChannels,
  maskTokens,
  type ModelFolder,
  needed,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  type PromptSide,
  repeatRows,
  scaledNoise,
  type SecondPredictor,
  type SizeRule,
  spreadLatents,
  temporalScale,
  sizeUnlessFixed,
  transformerSizes,
  unitLatents,
  vaeScaleFactor,
  videoCondition,
} from '../kit/index.js';

const SIZE = { height: 480, width: 832 } as const;
const FRAMES = 81;
const FPS = 16;
const MAX_SEQUENCE_LENGTH = 512;
const TRAIN_TIMESTEPS = 1000;
/** Latents along the edge of a token. */
const TOKEN_EDGE = 2;
const SECOND = 'transformer_2';
/** Input of the predictor that the given frames become, beside the latents. */
const CONDITION = 'image_condition';
const TEXT_ARGUMENTS = [
  'promptEmbeds',
  'negativePromptEmbeds',
  'maxSequenceLength',
  'guidanceScale2',
  'latents',
  'numFrames',
  'fps',
] as const;

const shared = {
  predictor: 'transformer',
  defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 5 }),
  sizes,
  finish: async (run: PipelineRun, latents: Tensor) => {
    const pictures = await decodeVideos(run, spreadLatents(run.model, latents));
    const frames = pictures.length / (latents.dims[0] ?? 1);
    return { pictures, video: { frames, fps: run.call.fps ?? FPS } };
  },
} as const;

/** Wan 2.1 and 2.2: an UMT5 whose padding is zeros, one or two transformers on [B, 16, frames, height/8, width/8]. */
export const pipelines: readonly PipelineDescription[] = [
  {
    ...shared,
    name: 'Wan',
    classNames: ['WanPipeline'],
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: TEXT_ARGUMENTS,
    begin: async (run) => ({ ...(await begin(run)), adaptation: spreadTimestep(run) }),
  },
  {
    ...shared,
    name: 'Wan, picture to video',
    classNames: ['WanImageToVideoPipeline'],
    needs: ['text_encoder', 'tokenizer', 'vae_encoder', 'vae_decoder'],
    needsPicture: true,
    takes: [...TEXT_ARGUMENTS, 'image', 'lastImage', 'imageEmbeds'],
    begin: beginFromPicture,
  },
];

function sizes(model: ModelFolder, partInfo: PipelineRun['partInfo']): SizeRule {
  const transformer = model.parts['transformer'];
  const patch = configNumbers(transformer, 'patch_size')?.[1] ?? 2;
  const rule = transformerSizes(model, partInfo, { patch });
  return sizeUnlessFixed(rule, SIZE);
}

/** Noise first, then what the given frames come to. */
async function beginFromPicture(run: PipelineRun): Promise<PredictorJob> {
  refuseTokenTimesteps(run);
  const { call, numImages } = run;
  const image = needed(call.image, 'image', 'this pipeline begins from a picture');
  const halves = guidanceAbove1(run) === undefined ? 1 : 2;
  const rows = (tensor: Tensor): Tensor => repeatRows(tensor, numImages * halves);
  const job = await begin(run);
  const condition = await videoCondition(run, {
    image,
    lastImage: call.lastImage,
    latentFrames: job.latents.dims[2] ?? 1,
    frames: frameCountOf(run).frames,
  });
  const channels = condition.dims[1] ?? 0;
  const readsPicture = run.predictor.inputs.some(({ name }) => name === 'encoder_hidden_states_image');
  const states = readsPicture ? await pictureStates(run, image) : undefined;
  return {
    ...job,
    conditioning: {
      ...job.conditioning,
      [CONDITION]: rows(condition),
      ...(states === undefined ? {} : { encoder_hidden_states_image: rows(states) }),
    },
    adaptation: { latentInput: latentInput(run), append: [{ name: CONDITION, channels }] },
  };
}

/** Both pictures' states one behind the other, where the last frame is given too. */
async function pictureStates(run: PipelineRun, image: Uint8Array): Promise<Tensor> {
  const { imageEmbeds, lastImage } = run.call;
  if (imageEmbeds !== undefined) return givenStates(imageEmbeds);
  return await clipImageStates(run, lastImage === undefined ? [image] : [image, lastImage]);
}

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, height, width, numImages } = run;
  const guidance = guidanceAbove1(run);
  const { positive, negative } = await bothPrompts(call, guidance !== undefined, (side) =>
    embeddings(run, side),
  );
  const sampler = run.sampler();
  const { latentFrames } = frameCountOf(run);
  const scale = vaeScaleFactor(run.model, run.partInfo);
  const dims = [
    numImages,
    latentChannels(run.model, run.partInfo),
    latentFrames,
    height / scale,
    width / scale,
  ];
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, dims), sampler),
    conditioning: { encoder_hidden_states: guidedRows(negative, positive, numImages) },
    guidance,
    rowByRow: true,
    second: second(run, sampler, guidance),
  };
}

function frameCountOf(run: PipelineRun): ReturnType<typeof frameCount> {
  return frameCount(run, 2, FRAMES, temporalScale(run));
}

function latentInput({ predictor: { inputs } }: PipelineRun): string {
  return (inputs.find(({ name }) => name === 'hidden_states') ?? inputs[0])?.name ?? 'hidden_states';
}

/** The transformer of the lower noise levels, from the first timestep under the boundary on (Wan 2.2). */
function second(
  run: PipelineRun,
  sampler: Sampler,
  guidance: Guidance | undefined,
): SecondPredictor | undefined {
  const { call, model } = run;
  const ratio = model.index['boundary_ratio'];
  if (typeof ratio !== 'number') {
    if (call.guidanceScale2 === undefined) return undefined;
    throw new AsyncDiffError(
      'invalid_settings',
      'this Wan has one transformer and takes no --guidance-scale-2',
    );
  }
  const config = { config: run.schedulerConfig(), configName: 'scheduler/scheduler_config.json' };
  const boundary = ratio * configNumber(config, 'num_train_timesteps', TRAIN_TIMESTEPS);
  const below = sampler.timesteps.findIndex((timestep) => timestep < boundary);
  if (below >= 0 && model.parts[SECOND] === undefined)
    throw new AsyncDiffError(
      'model_not_found',
      `${model.path} has no ${SECOND}/model.onnx, which draws below timestep ${boundary}`,
      {
        hint: 'Export the second transformer beside the first (scripts/export/export.py does).',
      },
    );
  return {
    part: SECOND,
    fromCall: below < 0 ? sampler.numCalls : below,
    guidance: guidance && { ...guidance, scale: call.guidanceScale2 ?? guidance.scale },
  };
}

/** States of the prompt's own tokens, zeros behind them: [1, tokens, hidden]. */
async function embeddings(run: PipelineRun, { text, what, embeds }: PromptSide): Promise<Tensor> {
  if (embeds !== undefined) return givenStates(embeds);
  const { states, mask } = await encodeT5(run, {
    encoder: 'text_encoder',
    tokenizer: 'tokenizer',
    text: cleanPrompt(text),
    what,
    maxLength: run.call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH,
  });
  return maskTokens(states, mask);
}

/** The small Wan 2.2 has a timestep for each token: from a text it is the same for all. */
function spreadTimestep(run: PipelineRun): PredictorJob['adaptation'] {
  if (run.model.index['expand_timesteps'] !== true) return undefined;
  const scale = vaeScaleFactor(run.model, run.partInfo) * TOKEN_EDGE;
  const { latentFrames } = frameCountOf(run);
  const tokens = latentFrames * (run.height / scale) * (run.width / scale);
  return { spreadTimestep: { name: 'timestep', dims: [1, tokens] } };
}

/** From a picture the tokens of its frame have timestep 0. */
function refuseTokenTimesteps({ model: { index, path } }: PipelineRun): void {
  if (index['expand_timesteps'] !== true) return;
  throw new AsyncDiffError(
    'model_unsupported',
    `${path} is a Wan 2.2 with a timestep for each token, which generate draws with from texts only`,
  );
}
