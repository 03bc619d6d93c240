import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  configFlag,
  defaultsOr,
  encodeClip,
  finishPictures,
  hasControl,
  guidedRows,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  repeatRows,
  sizedByPicture,
  unetJob,
  unetSizes,
  zerosLike,
} from '../kit/index.js';

/** Stable Diffusion XL, its Turbo and Lightning versions and its refiner: two CLIP text encoders (the refiner the second), and sizes as conditioning. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Diffusion XL',
    classNames: [
      'StableDiffusionXLPipeline',
      'StableDiffusionXLImg2ImgPipeline',
      'StableDiffusionXLInpaintPipeline',
      'StableDiffusionXLControlNetPipeline',
      'StableDiffusionXLControlNetImg2ImgPipeline',
      'StableDiffusionXLControlNetInpaintPipeline',
    ],
    predictor: 'unet',
    needsNoiseScale: true,
    needs: ['text_encoder_2', 'tokenizer_2', 'vae_decoder'],
    takes: [
      'prompt2',
      'negativePrompt2',
      'promptEmbeds',
      'negativePromptEmbeds',
      'pooledPromptEmbeds',
      'negativePooledPromptEmbeds',
      'clipSkip',
      'promptWeighting',
      'guidanceRescale',
      'latents',
      'image',
      'maskImage',
      'strength',
      'controlImage',
      'controlnetConditioningScale',
      'controlGuidanceStart',
      'controlGuidanceEnd',
      'originalSize',
      'targetSize',
      'cropsCoordsTopLeft',
      'negativeOriginalSize',
      'negativeTargetSize',
      'negativeCropsCoordsTopLeft',
      'aestheticScore',
      'negativeAestheticScore',
    ],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 5 }, ({ maskImage, controlImage }) =>
      maskImage !== undefined && controlImage === undefined ? { guidanceScale: 7.5 } : {},
    ),
    sizes: unetSizes,
    sizedBy: sizedByPicture,
    begin,
    finish: finishPictures,
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  return await unetJob(run, {
    imageStrength: hasControl(run) ? 0.8 : 0.3,
    inpaintStrength: 0.9999,
    inpaintControlScale: 1,
    conditioning: async (isGuided) => {
      const { states, pooled } = await embeddings(run, isGuided);
      return { encoder_hidden_states: states, text_embeds: pooled, time_ids: timeIds(run, isGuided) };
    },
  });
}

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
  const two = await encodeClip(run, {
    encoder: 'text_encoder_2',
    tokenizer: 'tokenizer_2',
    text: second,
    what,
    layersBack,
    pooled: 'text_embeds',
  });
  const pooled = two.pooled as Tensor;
  if (isRefiner(run)) return { states: two.states, pooled };
  const one = await encodeClip(run, {
    encoder: 'text_encoder',
    tokenizer: 'tokenizer',
    text: first,
    what,
    layersBack,
  });
  return { states: concat([one.states, two.states], -1), pooled };
}

/** The refiner has no first text encoder: model_index.json says [null, null]. */
function isRefiner({ model: { index, parts } }: PipelineRun): boolean {
  const entry = index['text_encoder'];
  return parts['text_encoder'] === undefined && (!Array.isArray(entry) || entry[1] === null);
}

/** What a picture is said to come from, to be cut from, and to have: (height, width), (top, left), (height, width). */
interface SaidSizes {
  readonly original: readonly number[];
  readonly crops: readonly number[];
  readonly target: readonly number[];
}

/**
 * original_size + crops_coords_top_left + target_size; the refiner has an aesthetic score in place of the last, another one for the unconditional
 * half.
 */
function timeIds(run: PipelineRun, guided: boolean): Tensor {
  const { call, model, height, width, numImages } = run;
  const size = [height, width];
  const positive = {
    original: call.originalSize ?? size,
    crops: call.cropsCoordsTopLeft ?? [0, 0],
    target: call.targetSize ?? size,
  };
  const scored = configFlag(model.index, 'requires_aesthetics_score', false);
  const row = ({ original, crops, target }: SaidSizes, score: number): Tensor => {
    const values = [...original, ...crops, ...(scored ? [score] : target)];
    return float32(Float32Array.from(values), [1, values.length]);
  };
  return guidedRows(
    guided ? row(negativeSizes(run, positive), call.negativeAestheticScore ?? 2.5) : undefined,
    row(positive, call.aestheticScore ?? 6),
    numImages,
  );
}

/**
 * Of the unconditional half, as diffusers has it: from noise both sizes must be given or none counts; from a picture each counts, and the crop of its own
 * is the refiner's only.
 */
function negativeSizes({ call, model }: PipelineRun, positive: SaidSizes): SaidSizes {
  const { negativeOriginalSize: original, negativeTargetSize: target, image } = call;
  if (image === undefined && (original === undefined || target === undefined)) return positive;
  const hasOwnCrop = image === undefined || configFlag(model.index, 'requires_aesthetics_score', false);
  return {
    original: original ?? positive.original,
    crops: hasOwnCrop ? (call.negativeCropsCoordsTopLeft ?? [0, 0]) : positive.crops,
    target: target ?? positive.target,
  };
}
