import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  configFlag,
  configNumber,
  configSize,
  decodePictures,
  defaultsOr,
  drawPosterior,
  dynamicShift,
  encodeClip,
  encodePicture,
  encodeT5,
  guidanceAbove1,
  guidedRows,
  hasControl,
  mapFloats,
  needed,
  padLast,
  picturePlanes,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  repeatRows,
  scalingFactor,
  startLatents,
  transformerSizes,
  unscaleLatents,
  vaePart,
  vaeScaleFactor,
  withControl,
  zerosLike,
} from '../kit/index.js';

const STRENGTH = 0.6;
const MAX_SEQUENCE_LENGTH = 256;

/** Stable Diffusion 3 and 3.5: two CLIP text encoders and a T5 (which a folder may lack), a transformer on [B, 16, height/8, width/8]. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Diffusion 3',
    classNames: [
      'StableDiffusion3Pipeline',
      'StableDiffusion3Img2ImgPipeline',
      'StableDiffusion3InpaintPipeline',
      'StableDiffusion3ControlNetPipeline',
    ],
    predictor: 'transformer',
    needs: ['text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'vae_decoder'],
    takes: [
      'prompt2',
      'prompt3',
      'negativePrompt2',
      'negativePrompt3',
      'promptEmbeds',
      'negativePromptEmbeds',
      'pooledPromptEmbeds',
      'negativePooledPromptEmbeds',
      'clipSkip',
      'maxSequenceLength',
      'latents',
      'image',
      'maskImage',
      'strength',
      'controlImage',
      'controlnetConditioningScale',
      'controlGuidanceStart',
      'controlGuidanceEnd',
    ],
    defaults: defaultsOr({ numInferenceSteps: 28, guidanceScale: 7 }, () => ({ numInferenceSteps: 50 })),
    sizes: (model, partInfo) =>
      transformerSizes(model, partInfo, { patch: configSize(model.parts['transformer'], 'patch_size', 2) }),
    begin,
    finish: async (run, latents) => {
      // diffusers' inpainting pipeline leaves the VAE's shift_factor out.
      const scale = Math.fround(scalingFactor(run.model));
      const unscaled =
        run.call.maskImage === undefined
          ? unscaleLatents(run.model, latents)
          : mapFloats(latents, (value) => value / scale);
      return { pictures: await decodePictures(run, unscaled) };
    },
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages } = run;
  const guidance = guidanceAbove1(run);
  const positive = await embeddings(run, {
    texts: [call.prompt, call.prompt2 || call.prompt, call.prompt3 || call.prompt],
    what: 'prompt',
    clipSkip: call.clipSkip ?? 0,
    states: call.promptEmbeds,
    pooled: call.pooledPromptEmbeds,
  });
  const text = call.negativePrompt ?? '';
  const negative =
    guidance === undefined
      ? undefined
      : await embeddings(run, {
          texts: [text, call.negativePrompt2 || text, call.negativePrompt3 || text],
          what: 'negative prompt',
          clipSkip: 0,
          states: call.negativePromptEmbeds,
          pooled: call.negativePooledPromptEmbeds,
        });
  const halves = guidance === undefined ? 1 : 2;
  const control = hasControl(run) ? await controlCondition(run, halves) : undefined;
  const start = await startLatents(run, {
    strength: STRENGTH,
    halves,
    roundsStepsUp: true,
    options: run.schedulerConfig()['use_dynamic_shifting'] === true ? { mu: shift(run) } : {},
  });
  const job = {
    ...start,
    conditioning: {
      ...start.conditioning,
      encoder_hidden_states: guidedRows(negative?.states, positive.states, numImages),
      pooled_projections: guidedRows(negative?.pooled, positive.pooled, numImages),
    },
    guidance,
  };
  if (control === undefined) return job;
  const own = control.zerosPooled
    ? { pooled_projections: zerosLike(job.conditioning.pooled_projections) }
    : {};
  return await withControl(run, job, { scale: 1, condition: control.condition, own });
}

/**
 * What a ControlNet reads: latents of the control picture, drawn for each row of the batch (from torch's global generator, as diffusers does). Those of
 * InstantX leave the VAE's shift_factor out, and have zeros for the pooled vectors.
 */
async function controlCondition(run: PipelineRun, halves: number) {
  const { call, model, numImages, width, height } = run;
  if (call.image !== undefined || call.maskImage !== undefined)
    throw new AsyncDiffError(
      'invalid_settings',
      'a ControlNet of Stable Diffusion 3 draws from a text only',
      {
        hint: 'Leave --image and --mask-image out: the picture for the ControlNet is --control-image.',
      },
    );
  const file = needed(call.controlImage, 'control-image', 'this model has a ControlNet');
  const { mean, deviation } = await encodePicture(run, await picturePlanes(file, width, height));
  const rows = numImages * halves;
  const means = repeatRows(mean, rows);
  const drawn = drawPosterior({ mean: means, deviation: deviation && repeatRows(deviation, rows) }, (dims) =>
    run.noise.drawApart(dims),
  );
  const config = model.parts['controlnet']?.config ?? {};
  const isPlain = configFlag(config, 'force_zeros_for_pooled_projection', true);
  const shift = isPlain ? 0 : Math.fround(configNumber(vaePart(model), 'shift_factor', 0));
  const scale = Math.fround(scalingFactor(model));
  return {
    condition: mapFloats(drawn, (value) => Math.fround(value - shift) * scale),
    zerosPooled: isPlain,
  };
}

function shift(run: PipelineRun): number {
  const edge =
    vaeScaleFactor(run.model, run.partInfo) * configSize(run.model.parts['transformer'], 'patch_size', 2);
  return dynamicShift(run, Math.floor(run.height / edge) * Math.floor(run.width / edge), { maxShift: 1.16 });
}

interface Texts {
  readonly texts: readonly [string, string, string];
  readonly what: string;
  readonly clipSkip: number;
  /** Given in place of what the texts would give. */
  readonly states: Tensor | undefined;
  readonly pooled: Tensor | undefined;
}

/** CLIP's states side by side, padded to T5's width, and T5's behind them: [1, 77 + n, hidden]; both projected vectors: [1, hidden]. */
async function embeddings(run: PipelineRun, given: Texts): Promise<{ states: Tensor; pooled: Tensor }> {
  const { texts, what, clipSkip, states, pooled } = given;
  if (states !== undefined && pooled !== undefined) return { states, pooled };
  const layersBack = clipSkip + 1;
  const [one, two] = [
    await encodeClip(run, {
      encoder: 'text_encoder',
      tokenizer: 'tokenizer',
      text: texts[0],
      what,
      layersBack,
      pooled: 'text_embeds',
    }),
    await encodeClip(run, {
      encoder: 'text_encoder_2',
      tokenizer: 'tokenizer_2',
      text: texts[1],
      what,
      layersBack,
      pooled: 'text_embeds',
    }),
  ];
  const clip = concat([one.states, two.states], -1);
  const t5 = await t5States(run, texts[2], what);
  return {
    states: states ?? concat([padLast(clip, t5.dims[2] ?? 0), t5], 1),
    pooled: pooled ?? concat([one.pooled as Tensor, two.pooled as Tensor], -1),
  };
}

/** Zeros where the folder has no third text encoder, as diffusers does. */
async function t5States(run: PipelineRun, text: string, what: string): Promise<Tensor> {
  const maxLength = run.call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH;
  const request = {
    encoder: 'text_encoder_3',
    tokenizer: 'tokenizer_3',
    text,
    what,
    maxLength,
    readsPadding: true,
  };
  if (run.model.parts['text_encoder_3'] !== undefined) return (await encodeT5(run, request)).states;
  const hidden = configSize(run.model.parts['transformer'], 'joint_attention_dim', 4096);
  return repeatRows(float32(new Float32Array(maxLength * hidden), [1, maxLength, hidden]), 1);
}
