import type { Tensor } from '../../../common/tensor/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import {
  bothPrompts,
  cleanPrompt,
  configNumbers,
  configSize,
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
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  type PromptSide,
  scaledNoise,
  type SizeRule,
  spreadLatents,
  temporalScale,
  sizeUnlessFixed,
  transformerSizes,
  unitLatents,
  vaeScaleFactor,
} from '../kit/index.js';

const SIZE = { height: 480, width: 832 } as const;
const FRAMES = 81;
const FPS = 16;
const MAX_SEQUENCE_LENGTH = 512;

/** Wan 2.1, text to video: an UMT5 whose padding is zeros, a transformer on [B, 16, frames, height/8, width/8]. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Wan',
    classNames: ['WanPipeline'],
    predictor: 'transformer',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'negativePromptEmbeds', 'maxSequenceLength', 'latents', 'numFrames', 'fps'],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 5 }),
    sizes,
    begin,
    finish: async (run, latents) => {
      const pictures = await decodeVideos(run, spreadLatents(run.model, latents));
      const frames = pictures.length / (latents.dims[0] ?? 1);
      return { pictures, video: { frames, fps: run.call.fps ?? FPS } };
    },
  },
];

function sizes(model: ModelFolder, partInfo: PipelineRun['partInfo']): SizeRule {
  const transformer = model.parts['transformer'];
  const patch = configNumbers(transformer, 'patch_size')?.[1] ?? 2;
  const rule = transformerSizes(model, partInfo, { patch });
  return sizeUnlessFixed(rule, SIZE);
}

async function begin(run: PipelineRun): Promise<PredictorJob> {
  refuseTwoStages(run);
  const { call, height, width, numImages } = run;
  const guidance = guidanceAbove1(run);
  const { positive, negative } = await bothPrompts(call, guidance !== undefined, (side) =>
    embeddings(run, side),
  );
  const sampler = run.sampler();
  const { latentFrames } = frameCount(run, 2, FRAMES, temporalScale(run));
  const scale = vaeScaleFactor(run.model, run.partInfo);
  const channels = configSize(
    run.model.parts['transformer'],
    'in_channels',
    latentChannels(run.model, run.partInfo),
  );
  const dims = [numImages, channels, latentFrames, height / scale, width / scale];
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, dims), sampler),
    conditioning: { encoder_hidden_states: guidedRows(negative, positive, numImages) },
    guidance,
    rowByRow: true,
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

/** Wan 2.2 has a second transformer for the last steps, or a timestep for each token. */
function refuseTwoStages({ model: { index, path } }: PipelineRun): void {
  const isTwo = typeof index['boundary_ratio'] === 'number';
  if (!isTwo && index['expand_timesteps'] !== true) return;
  throw new AsyncDiffError(
    'model_unsupported',
    `${path} is a Wan 2.2 with ${isTwo ? 'two transformers' : 'a timestep for each token'}; generate draws with Wan 2.1`,
  );
}
