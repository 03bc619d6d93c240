import { float32, type Tensor } from '../../../common/tensor/index.js';
import { encodeClip } from './clip-prompt.js';
import type { PipelineDescription, PipelineRun, PredictorJob } from './description.js';
import { dynamicShift, evenSigmas } from './flow-shift.js';
import type { PackedStartOptions } from './packed-start.js';
import { encodeT5 } from './t5-prompt.js';
import { guidedRows, repeatRows } from './tensor-rows.js';
import { vaeScaleFactor } from './vae.js';

const MAX_SEQUENCE_LENGTH = 512;

/** What every FLUX.1 pipeline with true guidance takes: its texts, and the latents to begin with. */
export const FLUX_ARGUMENTS = [
  'prompt2',
  'negativePrompt2',
  'promptEmbeds',
  'negativePromptEmbeds',
  'pooledPromptEmbeds',
  'negativePooledPromptEmbeds',
  'maxSequenceLength',
  'trueCfgScale',
  'latents',
] as const satisfies PipelineDescription['takes'];

/** What a FLUX.1 pipeline begins with, and what its transformer reads beside the latents. */
export type FluxStart = Pick<PredictorJob, 'sampler' | 'latents' | 'adaptation'> &
  Partial<Pick<PredictorJob, 'conditioning'>> & {
    /** Positions of tokens behind those that are drawn, one after another. */
    readonly furtherIds?: Float32Array | undefined;
  };

/** What a FLUX.1 pipeline begins for. */
export interface FluxForm extends Pick<PackedStartOptions, 'tokens' | 'options'> {
  /** Rows of the predictor's batch: twice the pictures with guidance by a negative prompt. */
  readonly rows: number;
}

/**
 * The job of a FLUX.1 pipeline: embeddings, positions and guidance around what it begins with.
 * @param start latents in tokens; `tokens` of a picture, and what set_timesteps() is told besides the number of steps
 */
export async function fluxJob(
  run: PipelineRun,
  start: (form: FluxForm) => Promise<FluxStart>,
): Promise<PredictorJob> {
  const { call, numImages, height, width } = run;
  const trueCfgScale = call.trueCfgScale ?? 1;
  const hasNegative = call.negativePrompt !== undefined || call.negativePromptEmbeds !== undefined;
  const guidance = trueCfgScale > 1 && hasNegative ? { scale: trueCfgScale } : undefined;
  const positive = await embeddings(run, {
    texts: [call.prompt, call.prompt2 || call.prompt],
    what: 'prompt',
    states: call.promptEmbeds,
    pooled: call.pooledPromptEmbeds,
  });
  const negativeText = call.negativePrompt ?? '';
  const negative =
    guidance === undefined
      ? undefined
      : await embeddings(run, {
          texts: [negativeText, call.negativePrompt2 || negativeText],
          what: 'negative prompt',
          states: call.negativePromptEmbeds,
          pooled: call.negativePooledPromptEmbeds,
        });
  const scale = vaeScaleFactor(run.model, run.partInfo) * 2;
  const [rows, columns] = [height / scale, width / scale];
  const tokens = rows * columns;
  const isFlowOfOther = run.schedulerConfig()['use_flow_sigmas'] === true;
  const halves = guidance === undefined ? 1 : 2;
  const { sampler, latents, conditioning, adaptation, furtherIds } = await start({
    tokens,
    rows: numImages * halves,
    options: {
      ...(isFlowOfOther ? {} : { sigmas: evenSigmas(run.numInferenceSteps) }),
      mu: dynamicShift(run, tokens),
    },
  });
  const scaleInput = float32(Float32Array.of(run.guidanceScale), [1]);
  return {
    sampler,
    // The transformer multiplies by 1000 itself.
    timesteps: sampler.timesteps.map((timestep) => Math.fround(timestep / 1000)),
    latents,
    conditioning: {
      ...conditioning,
      encoder_hidden_states: guidedRows(negative?.states, positive.states, numImages),
      pooled_projections: guidedRows(negative?.pooled, positive.pooled, numImages),
      txt_ids: ids(run, 'txt_ids', new Float32Array((positive.states.dims[1] ?? 0) * 3)),
      img_ids: ids(run, 'img_ids', Float32Array.from([...imageIds(rows, columns), ...(furtherIds ?? [])])),
      // Of schnell it is left aside: the file does not take it.
      guidance: repeatRows(scaleInput, numImages * halves),
    },
    guidance,
    adaptation,
  };
}

/** (`first`, row, column) of every token. */
export function imageIds(rows: number, columns: number, first = 0): Float32Array {
  const values = new Float32Array(rows * columns * 3);
  for (let token = 0; token < rows * columns; token += 1)
    values.set([first, Math.floor(token / columns), token % columns], token * 3);
  return values;
}

/** Positions as the file takes them: [tokens, 3], or [1, tokens, 3] in older exports. */
function ids(run: PipelineRun, name: string, values: Float32Array): Tensor {
  const rank = run.predictor.inputs.find((input) => input.name === name)?.dims.length;
  const dims = [values.length / 3, 3];
  return float32(values, rank === 3 ? [1, ...dims] : dims);
}

interface Texts {
  readonly texts: readonly [string, string];
  readonly what: string;
  readonly states: Tensor | undefined;
  readonly pooled: Tensor | undefined;
}

/** T5's states [1, tokens, hidden] and CLIP's pooled vector [1, hidden], not projected. */
async function embeddings(run: PipelineRun, given: Texts): Promise<{ states: Tensor; pooled: Tensor }> {
  const { texts, what, states, pooled } = given;
  const [clipText, t5Text] = texts;
  const maxLength = run.call.maxSequenceLength ?? MAX_SEQUENCE_LENGTH;
  const clip = {
    encoder: 'text_encoder',
    tokenizer: 'tokenizer',
    text: clipText,
    what,
    pooled: 'pooler_output',
  } as const;
  const t5 = {
    encoder: 'text_encoder_2',
    tokenizer: 'tokenizer_2',
    text: t5Text,
    what,
    maxLength,
    readsPadding: true,
  };
  return {
    pooled: pooled ?? ((await encodeClip(run, clip)).pooled as Tensor),
    states: states ?? (await encodeT5(run, t5)).states,
  };
}
