import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  bothPrompts,
  configSize,
  defaultsOr,
  finishPictures,
  encodeT5,
  firstChannels,
  givenMask,
  guidanceAbove1,
  guidedRows,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  type PromptSide,
  type T5States,
  scaledNoise,
  latentDims,
  transformerSizes,
  unitLatents,
} from '../kit/index.js';

/** Tokens of a prompt, as __call__ of the two pipelines has them. */
const TOKENS: Readonly<Record<'alpha' | 'sigma', number>> = { alpha: 120, sigma: 300 };

/** Edges of the pictures whose sizes diffusers has a table for. */
const EDGES: Readonly<Record<'alpha' | 'sigma', readonly number[]>> = {
  alpha: [256, 512, 1024],
  sigma: [256, 512, 1024, 2048],
};

/** PixArt alpha and sigma: a T5 whose mask the transformer reads too, and a variance beside the noise. */
export const pipelines: readonly PipelineDescription[] = (['alpha', 'sigma'] as const).map((version) => ({
  name: `PixArt ${version}`,
  classNames: [version === 'alpha' ? 'PixArtAlphaPipeline' : 'PixArtSigmaPipeline'],
  predictor: 'transformer',
  needsNoiseScale: true,
  needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
  takes: [
    'promptEmbeds',
    'negativePromptEmbeds',
    'promptAttentionMask',
    'negativePromptAttentionMask',
    'maxSequenceLength',
    'useResolutionBinning',
    'latents',
  ],
  defaults: defaultsOr({ numInferenceSteps: 20, guidanceScale: 4.5 }),
  sizes: (model, partInfo) =>
    transformerSizes(model, partInfo, { patch: configSize(model.parts['transformer'], 'patch_size', 2) }),
  binEdge: (model) => {
    const edge = 8 * configSize(model.parts['transformer'], 'sample_size', 128);
    return EDGES[version].includes(edge) ? edge : undefined;
  },
  begin: async (run) => await begin(run, TOKENS[version]),
  finish: finishPictures,
}));

async function begin(run: PipelineRun, tokens: number): Promise<PredictorJob> {
  const { call, numImages } = run;
  const guidance = guidanceAbove1(run);
  const maxLength = call.maxSequenceLength ?? tokens;
  const { positive, negative } = await bothPrompts<T5States>(call, guidance !== undefined, (side, other) =>
    embeddings(run, side, other?.states.dims[1] ?? maxLength),
  );
  const sampler = run.sampler();
  const { height, width } = run;
  const size = float32(Float32Array.of(height, width), [1, 2]);
  const ratio = float32(Float32Array.of(height / width), [1, 1]);
  const both = (row: Tensor): Tensor => guidedRows(guidance === undefined ? undefined : row, row, numImages);
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, latentDims(run)), sampler),
    conditioning: {
      encoder_hidden_states: guidedRows(negative?.states, positive.states, numImages),
      encoder_attention_mask: guidedRows(negative?.mask, positive.mask, numImages),
      // Inputs of models that were trained for several sizes only.
      resolution: both(size),
      aspect_ratio: both(ratio),
    },
    guidance,
    adaptation: firstChannels(run),
  };
}

async function embeddings(
  run: PipelineRun,
  { text, what, embeds, mask }: PromptSide,
  maxLength: number,
): Promise<T5States> {
  if (embeds !== undefined) return { states: embeds, mask: givenMask(mask, embeds) };
  const lowered = text.toLowerCase().trim();
  return await encodeT5(run, {
    encoder: 'text_encoder',
    tokenizer: 'tokenizer',
    text: lowered,
    what,
    maxLength,
  });
}
