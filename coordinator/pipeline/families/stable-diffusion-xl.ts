import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  configFlag,
  decodePictures,
  defaultsOr,
  encodeClip,
  guidanceAbove1,
  guidedRows,
  latentDims,
  type PipelineDescription,
  type PipelineRun,
  repeatRows,
  scaledNoise,
  unetSizes,
  unitLatents,
  unscaleLatents,
  zerosLike,
} from '../kit/index.js';

/** Stable Diffusion XL, its Turbo and Lightning versions: two CLIP text encoders, and sizes as conditioning. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Diffusion XL',
    classNames: ['StableDiffusionXLPipeline'],
    predictor: 'unet',
    needs: ['text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'vae_decoder'],
    takes: [
      'prompt2',
      'negativePrompt2',
      'promptEmbeds',
      'negativePromptEmbeds',
      'pooledPromptEmbeds',
      'negativePooledPromptEmbeds',
      'clipSkip',
      'latents',
      'originalSize',
      'targetSize',
      'cropsCoordsTopLeft',
    ],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 5 }),
    sizes: unetSizes,
    begin: async (run) => {
      const guidance = guidanceAbove1(run);
      const { states, pooled } = await embeddings(run, guidance !== undefined);
      const sampler = run.sampler();
      return {
        sampler,
        latents: scaledNoise(unitLatents(run, latentDims(run)), sampler),
        conditioning: {
          encoder_hidden_states: states,
          text_embeds: pooled,
          time_ids: timeIds(run, guidance === undefined ? 1 : 2),
        },
        guidance,
      };
    },
    finish: async (run, latents) => ({
      pictures: await decodePictures(run, unscaleLatents(run.model, latents)),
    }),
  },
];

interface Embeddings {
  readonly states: Tensor;
  readonly pooled: Tensor;
}

/** Hidden states of both encoders side by side, [B or 2B, tokens, hidden], and the second one's projected vector, [B or 2B, hidden]. */
async function embeddings(run: PipelineRun, guided: boolean): Promise<Embeddings> {
  const { call, numImages } = run;
  const positive = await given(call.promptEmbeds, call.pooledPromptEmbeds, () =>
    encodeBoth(run, [call.prompt, call.prompt2 || call.prompt], 'prompt', call.clipSkip ?? 0),
  );
  if (!guided)
    return { states: repeatRows(positive.states, numImages), pooled: repeatRows(positive.pooled, numImages) };
  const negative = await given(call.negativePromptEmbeds, call.negativePooledPromptEmbeds, async () => {
    // None is not "": without a negative prompt the unconditional half is zeros.
    if (
      call.negativePrompt === undefined &&
      configFlag(run.model.index, 'force_zeros_for_empty_prompt', true)
    )
      return { states: zerosLike(positive.states), pooled: zerosLike(positive.pooled) };
    const text = call.negativePrompt ?? '';
    return await encodeBoth(run, [text, call.negativePrompt2 || text], 'negative prompt', 0);
  });
  return {
    states: guidedRows(negative.states, positive.states, numImages),
    pooled: guidedRows(negative.pooled, positive.pooled, numImages),
  };
}

async function given(
  states: Tensor | undefined,
  pooled: Tensor | undefined,
  encode: () => Promise<Embeddings>,
): Promise<Embeddings> {
  if (states !== undefined && pooled !== undefined) return { states, pooled };
  const encoded = await encode();
  return { states: states ?? encoded.states, pooled: pooled ?? encoded.pooled };
}

async function encodeBoth(
  run: PipelineRun,
  [first, second]: readonly [string, string],
  what: string,
  clipSkip: number,
): Promise<Embeddings> {
  const layersBack = clipSkip + 1;
  const one = await encodeClip(run, {
    encoder: 'text_encoder',
    tokenizer: 'tokenizer',
    text: first,
    what,
    layersBack,
  });
  const two = await encodeClip(run, {
    encoder: 'text_encoder_2',
    tokenizer: 'tokenizer_2',
    text: second,
    what,
    layersBack,
    pooled: 'text_embeds',
  });
  return { states: concat([one.states, two.states], -1), pooled: two.pooled as Tensor };
}

/** original_size + crops_coords_top_left + target_size, (height, width) each, for every row of the batch. */
function timeIds({ call, height, width, numImages }: PipelineRun, halves: number): Tensor {
  const size = [height, width];
  const row = [
    ...(call.originalSize ?? size),
    ...(call.cropsCoordsTopLeft ?? [0, 0]),
    ...(call.targetSize ?? size),
  ];
  return repeatRows(float32(Float32Array.from(row), [1, row.length]), halves * numImages);
}
