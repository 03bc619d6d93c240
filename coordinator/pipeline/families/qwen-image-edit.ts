import { AsyncDiffError } from '../../../common/errors/index.js';
import type { Tensor } from '../../../common/tensor/index.js';
import {
  centreLatents,
  encodePicture,
  fixedAxis,
  needed,
  packPatches,
  picturePlanes,
  pictureSize,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  qwenImage,
  qwenImageJob,
  repeatRows,
  type Size,
  vaeScaleFactor,
} from '../kit/index.js';

/** Input of the predictor that the given picture becomes: tokens behind those that are drawn. */
const BEHIND = 'given_tokens';
const AREA = 1024 ** 2;
const MULTIPLE = 32;

/** Qwen-Image Edit: edits a picture, which the transformer reads as further tokens; its text encoder reads the picture too, and is not run here. */
export const pipelines: readonly PipelineDescription[] = [
  {
    ...qwenImage,
    name: 'Qwen-Image Edit',
    classNames: ['QwenImageEditPipeline'],
    needs: ['text_encoder', 'tokenizer', 'vae_encoder', 'vae_decoder'],
    needsPicture: true,
    takes: ['promptEmbeds', 'negativePromptEmbeds', 'trueCfgScale', 'latents', 'image'],
    sizedBy: ({ image }) => image,
    sizeFor: readSize,
    readsPictureApart: true,
    begin,
  },
];

/** About 1024 x 1024 pixels in the proportions of a picture (diffusers' `calculate_dimensions`). */
function readSize({ width, height }: Size): Size {
  const ratio = width / height;
  const edge = Math.sqrt(AREA * ratio);
  const near = (pixels: number): number => Math.round(pixels / MULTIPLE) * MULTIPLE;
  return { width: near(edge), height: near(edge / ratio) };
}

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, model } = run;
  const image = needed(call.image, 'image', 'this pipeline edits a picture');
  checkEmbeds(run);
  const first = readSize(await pictureSize(image));
  const edge = vaeScaleFactor(model, run.partInfo) * 2;
  const [columns, rows] = [Math.floor(first.width / edge), Math.floor(first.height / edge)];
  const tokens = (run.width / edge) * (run.height / edge);
  checkTokens(run, tokens, columns, rows, edge);
  const planes = await picturePlanes(image, columns * edge, rows * edge, 'signed', first);
  const read = packPatches(await readLatents(run, planes));
  const { guidance, ...job } = await qwenImageJob({ ...run, call: { ...call, image: undefined } });
  return {
    ...job,
    guidance,
    conditioning: {
      ...job.conditioning,
      [BEHIND]: repeatRows(read, run.numImages * (guidance === undefined ? 1 : 2)),
    },
    adaptation: {
      latentInput: 'hidden_states',
      axis: 1,
      append: [{ name: BEHIND, channels: columns * rows }],
      keepChannels: tokens,
    },
  };
}

/** The mode of the VAE's posterior, centred: [1, channels, height / scale, width / scale]. */
async function readLatents(run: PipelineRun, planes: Tensor): Promise<Tensor> {
  const [batch = 1, colours = 3, ...size] = planes.dims;
  const { mean } = await encodePicture(run, { ...planes, dims: [batch, colours, 1, ...size] });
  const { data, dims } = centreLatents(run.model, mean);
  return { dtype: 'float32', data, dims: dims.filter((_, axis) => axis !== 2) };
}

/** Raises `invalid_settings` without embeddings: Qwen2.5-VL reads the picture besides the text, and nobody exports it. */
function checkEmbeds({ call }: PipelineRun): void {
  if (call.promptEmbeds !== undefined) return;
  throw new AsyncDiffError(
    'invalid_settings',
    'the text encoder of Qwen-Image Edit reads the picture too and is not run: its embeddings are asked for',
    {
      hint: 'Give --prompt-embeds (and --negative-prompt-embeds), as `encode_prompt` of diffusers makes them.',
    },
  );
}

/** The exporter writes the number of tokens down. Raises `invalid_settings` for a picture or a size of others. */
function checkTokens(run: PipelineRun, drawn: number, columns: number, rows: number, edge: number): void {
  const fixed = fixedAxis(
    run.predictor.inputs.find(({ name }) => name === 'hidden_states'),
    1,
  );
  const tokens = drawn + columns * rows;
  if (fixed === undefined || fixed === tokens) return;
  throw new AsyncDiffError(
    'invalid_settings',
    `this file takes ${fixed} tokens, and drawing ${run.width}x${run.height} while reading the picture at ${columns * edge}x${rows * edge} needs ${tokens}`,
    {
      hint: 'Give a picture of the proportions that the predictor was exported for, or export it for these.',
    },
  );
}
