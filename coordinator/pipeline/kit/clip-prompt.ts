import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { configNumber } from './model-folder.js';
import { idsTensor } from './parts.js';

export interface ClipRequest {
  readonly encoder: string;
  readonly tokenizer: string;
  readonly text: string;
  /** What the text is, for warnings: `prompt`. */
  readonly what: string;
  /**
   * Which states: `last` (after the final norm), or so many layers before the last hidden state: 1 is `hidden_states[-2]`.
   */
  readonly layersBack?: number | undefined;
  /** Apply the encoder's final norm to earlier states, as StableDiffusionPipeline does with clip_skip. */
  readonly finalNorm?: boolean | undefined;
  /** Output with one vector for the whole text: `pooler_output` or `text_embeds`. */
  readonly pooled?: 'pooler_output' | 'text_embeds' | undefined;
}

export interface ClipStates {
  /** [1, tokens, hidden] */
  readonly states: Tensor;
  /** [1, hidden] */
  readonly pooled: Tensor | undefined;
}

/** One text through a CLIP text encoder: padded to its length and cut there, with a warning that quotes what was cut. */
export async function encodeClip(run: PipelineRun, request: ClipRequest): Promise<ClipStates> {
  const { encoder, tokenizer, text, what, layersBack, pooled, finalNorm = false } = request;
  const tokens = await run.tokenize(tokenizer, text);
  if (tokens.truncatedText !== undefined)
    run.warn(
      `the ${what} is longer than the ${tokens.maxLength} tokens that ${encoder} takes; this part was cut: "${short(tokens.truncatedText)}"`,
    );
  const states = layersBack === undefined ? 'last_hidden_state' : hiddenState(run, encoder, layersBack);
  // Few read a mask: to the others the padding is text.
  const isMasked = run.model.parts[encoder]?.config['use_attention_mask'] === true;
  const seen = isMasked ? tokens.attentionMask : tokens.ids.map(() => 1);
  const outputs = await run.runPart(
    encoder,
    { input_ids: idsTensor(tokens.ids), attention_mask: idsTensor(seen) },
    pooled === undefined ? [states] : [states, pooled],
  );
  const raw = outputs[states] as Tensor;
  return {
    states: finalNorm ? await normalised(run, encoder, raw) : raw,
    pooled: pooled === undefined ? undefined : outputs[pooled],
  };
}

/** The layer norm at the end of a CLIP text encoder, applied to states from before it. Raises `model_unsupported` where its weights cannot be found. */
async function normalised(run: PipelineRun, encoder: string, states: Tensor): Promise<Tensor> {
  const [scale, offset] = [
    await run.weight(encoder, 'final_layer_norm.weight'),
    await run.weight(encoder, 'final_layer_norm.bias'),
  ];
  const size = states.dims.at(-1) ?? 1;
  if (scale?.data.length !== size || offset?.data.length !== size)
    throw new AsyncDiffError(
      'model_unsupported',
      `the final norm of ${encoder} cannot be found, which --clip-skip needs`,
    );
  const epsilon = configNumber(run.model.parts[encoder], 'layer_norm_eps', 1e-5);
  const values = new Float32Array(states.data.length);
  for (let row = 0; row < values.length; row += size) {
    const given = states.data.subarray(row, row + size) as Float32Array;
    const mean = given.reduce((sum, value) => sum + value, 0) / size;
    const variance = given.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    const factor = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < size; i += 1)
      values[row + i] =
        ((given[i] as number) - mean) * factor * (scale.data[i] as number) + (offset.data[i] as number);
  }
  return float32(values, states.dims);
}

/** `hidden_states.0` is the embedding, `hidden_states.L` the last of L layers. */
export function hiddenState(run: PipelineRun, encoder: string, layersBack: number): string {
  const names = (run.partInfo(encoder)?.outputs ?? []).flatMap(
    ({ name }) => /^hidden_states\.(\d+)$/.exec(name)?.[1] ?? [],
  );
  const last = Math.max(-1, ...names.map(Number));
  if (last >= layersBack) return `hidden_states.${last - layersBack}`;
  throw new AsyncDiffError(
    'model_unsupported',
    last < 0
      ? `${encoder} was exported without its hidden states, so layers cannot be left out`
      : `${encoder} has ${last} layers, ${layersBack} cannot be left out`,
    { hint: 'Leave --clip-skip out, or export the text encoder with output_hidden_states.' },
  );
}

const MAX_QUOTED = 200;

export function short(text: string): string {
  return text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}...`;
}
