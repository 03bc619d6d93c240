import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  configFlag,
  configNumber,
  configNumbers,
  decodePictures,
  defaultsOr,
  evenSigmas,
  fixedAxis,
  floatsOf,
  givenStates,
  guidanceAbove1,
  guidedTokens,
  idsTensor,
  latentChannels,
  type ModelFolder,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  repeatRows,
  scaleChannels,
  scaledNoise,
  transformerSizes,
  unitLatents,
  unpackPatches,
  VAE_DECODER,
  vaePart,
  vaeScaleFactor,
} from '../kit/index.js';

const MAX_SEQUENCE_LENGTH = 512;
/** Qwen3's chat around a prompt, with an empty thought (FLUX.2 klein). */
const BEFORE = '<|im_start|>user\n';
const AFTER = '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n';
const LAYERS = [9, 18, 27] as const;

/** FLUX.2 dev and klein: three layers of a language model as states, tokens of 2x2 latents whose channels a batch norm spreads. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'FLUX.2',
    classNames: ['Flux2Pipeline', 'Flux2KleinPipeline'],
    predictor: 'transformer',
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: ['promptEmbeds', 'negativePromptEmbeds', 'maxSequenceLength', 'latents'],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 4 }),
    sizes: (model, partInfo) => ({ ...transformerSizes(model, partInfo), multipleOf: 2 * scaleOf(model) }),
    begin,
    finish: async (run, latents) => {
      const scale = scaleOf(run.model);
      const [height, width] = [run.height / scale, run.width / scale];
      const decoder = fixedAxis(run.partInfo(VAE_DECODER)?.inputs[0], 1);
      // A decoder exported with the norm takes the tokens' channels as they are.
      if (decoder === latents.dims[2]) {
        const grid = toGrid(latents, height / 2, width / 2);
        return { pictures: await decodePictures(run, grid) };
      }
      const spread = await unnormalise(run, toGrid(latents, height / 2, width / 2));
      return { pictures: await decodePictures(run, unpackPatches(toTokens(spread), height, width)) };
    },
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, numImages, height, width, model } = run;
  const isKlein = model.className.includes('Klein');
  const isDistilled = !isKlein || configFlag(model.index, 'is_distilled', false);
  const guidance = isDistilled ? undefined : guidanceAbove1(run);
  const positive = await states(run, call.prompt, 'prompt', call.promptEmbeds);
  const negative =
    guidance === undefined ? undefined : await states(run, '', 'negative prompt', call.negativePromptEmbeds);
  const edge = scaleOf(model) * 2;
  const [rows, columns] = [height / edge, width / edge];
  const isFlowOfOther = run.schedulerConfig()['use_flow_sigmas'] === true;
  const sampler = run.sampler(undefined, {
    ...(isFlowOfOther ? {} : { sigmas: evenSigmas(run.numInferenceSteps) }),
    mu: empiricalShift(rows * columns, run.numInferenceSteps),
  });
  const channels = fixedAxis(
    run.predictor.inputs.find(({ name }) => name === 'hidden_states'),
    2,
  );
  const dims = [numImages, channels ?? latentChannels(model, run.partInfo) * 4, rows, columns];
  const text = guidedTokens(run, negative, positive, undefined);
  const batch = numImages * (guidance === undefined ? 1 : 2);
  const scaleInput = float32(Float32Array.of(run.guidanceScale), [1]);
  return {
    sampler,
    timesteps: sampler.timesteps.map((timestep) => Math.fround(timestep / 1000)),
    latents: toTokens(scaledNoise(unitLatents(run, dims), sampler)),
    conditioning: {
      encoder_hidden_states: text.states,
      txt_ids: ids(run, 'txt_ids', textIds(text.states.dims[1] ?? 0), batch),
      img_ids: ids(run, 'img_ids', imageIds(rows, columns), batch),
      guidance: repeatRows(scaleInput, batch),
    },
    guidance,
    rowByRow: guidance !== undefined,
  };
}

/** Pixels along an edge of a latent, by the config: a decoder that holds the norm takes patches of 2x2 latents. */
function scaleOf(model: ModelFolder): number {
  return vaeScaleFactor(model, () => undefined);
}

/** mu of the time shift (`compute_empirical_mu`), by tokens and steps. */
function empiricalShift(tokens: number, steps: number): number {
  const at200 = 0.00016927 * tokens + 0.45666666;
  if (tokens > 4300) return at200;
  const at10 = 8.73809524e-5 * tokens + 1.89833333;
  const slope = (at200 - at10) / 190;
  return slope * steps + at200 - 200 * slope;
}

/** Positions (time, row, column, place in the text) of the picture's tokens. */
function imageIds(rows: number, columns: number): number[][] {
  return Array.from({ length: rows * columns }, (_, token) => [
    0,
    Math.floor(token / columns),
    token % columns,
    0,
  ]);
}

function textIds(tokens: number): number[][] {
  return Array.from({ length: tokens }, (_, token) => [0, 0, 0, token]);
}

/** As the file takes them: [tokens, 4], or [batch, tokens, 4]. */
function ids(run: PipelineRun, name: string, positions: readonly number[][], batch: number): Tensor {
  const rank = run.predictor.inputs.find((input) => input.name === name)?.dims.length;
  const rows = float32(Float32Array.from(positions.flat()), [1, positions.length, 4]);
  return rank === 2 ? { ...rows, dims: [positions.length, 4] } : repeatRows(rows, batch);
}

/** Tokens [B, height * width, C] as [B, C, height, width]. */
function toGrid(tokens: Tensor, height: number, width: number): Tensor {
  const [batch = 1, count = 1, channels = 1] = tokens.dims;
  return float32(transposed(tokens, batch, count, channels), [batch, channels, height, width]);
}

/** [B, C, height, width] as tokens [B, height * width, C]. */
function toTokens(grid: Tensor): Tensor {
  const [batch = 1, channels = 1, height = 1, width = 1] = grid.dims;
  const count = height * width;
  return float32(transposed(grid, batch, channels, count), [batch, count, channels]);
}

function transposed(tensor: Tensor, batch: number, rows: number, columns: number): Float32Array {
  const from = floatsOf(tensor);
  const to = new Float32Array(from.length);
  for (let one = 0; one < batch; one += 1)
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1)
        to[(one * columns + column) * rows + row] = from[(one * rows + row) * columns + column] as number;
  return to;
}

/** The VAE's batch norm undone: its running mean and variance, from the config or among the weights of one of its halves. */
async function unnormalise(run: PipelineRun, grid: Tensor): Promise<Tensor> {
  const [mean, deviation] = [
    configNumbers(vaePart(run.model), 'latents_mean'),
    configNumbers(vaePart(run.model), 'latents_std'),
  ];
  if (mean !== undefined && deviation !== undefined) return scaleChannels(grid, deviation, mean);
  const epsilon = configNumber(vaePart(run.model), 'batch_norm_eps', 1e-4);
  for (const part of [VAE_DECODER, 'vae_encoder']) {
    if (run.model.parts[part] === undefined) continue;
    const means = await run.weight(part, 'bn.running_mean');
    const variances = await run.weight(part, 'bn.running_var');
    if (means === undefined || variances === undefined) continue;
    const spread = Array.from(floatsOf(variances), (one) =>
      Math.fround(Math.sqrt(Math.fround(one + Math.fround(epsilon)))),
    );
    return scaleChannels(grid, spread, Array.from(floatsOf(means)));
  }
  throw new AsyncDiffError(
    'model_unsupported',
    `${run.model.path}: mean and variance of the VAE's batch norm are nowhere to be found`,
    {
      hint: 'Export the VAE with scripts/export/flux_2.py, whose decoder holds them, or write latents_mean and latents_std into vae_decoder/config.json.',
    },
  );
}

async function states(
  run: PipelineRun,
  text: string,
  what: string,
  given: Tensor | undefined,
): Promise<Tensor> {
  if (given !== undefined) return givenStates(given);
  if (!run.model.className.includes('Klein'))
    throw new AsyncDiffError(
      'invalid_settings',
      'the text encoder of FLUX.2 dev is not run: its embeddings are asked for',
      {
        hint: 'Give --prompt-embeds, as `encode_prompt` of diffusers makes them.',
      },
    );
  const maxLength = run.call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH;
  const tokens = await run.tokenize('tokenizer', `${BEFORE}${text}${AFTER}`, { maxLength });
  if (tokens.truncatedText !== undefined)
    run.warn(`the ${what} is longer than ${maxLength} tokens and was cut`);
  const names = LAYERS.map((layer) => `hidden_states.${layer}`);
  const outputs = await run.runPart(
    'text_encoder',
    { input_ids: idsTensor(tokens.ids), attention_mask: idsTensor(tokens.attentionMask) },
    names,
  );
  return concat(
    names.map((name) => outputs[name] as Tensor),
    -1,
  );
}
