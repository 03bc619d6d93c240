import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { configNumber } from './model-folder.js';
import { idsTensor, type Tokens } from './parts.js';
import { type PromptChunk, promptChunks } from './prompt-chunks.js';
import { concat, floatsOf } from './tensor-rows.js';

interface ClipRequest {
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

interface ClipStates {
  /** [1, tokens, hidden] */
  readonly states: Tensor;
  /** [1, hidden] */
  readonly pooled: Tensor | undefined;
}

/**
 * One text through a CLIP text encoder: padded to its length and cut there, with a warning that quotes what was cut; with `prompt_weighting` in as
 * many chunks as it takes, one after another along the tokens, and weighted. The pooled vector is that of the first chunk.
 */
export async function encodeClip(run: PipelineRun, request: ClipRequest): Promise<ClipStates> {
  const { encoder, tokenizer, text, what } = request;
  if (run.call.promptWeighting === true) {
    const encoded: ClipStates[] = [];
    for (const chunk of await chunksOf(run, tokenizer, text)) {
      const { states, pooled } = await encodeTokens(run, request, chunk);
      encoded.push({ states: emphasised(states, chunk.weights), pooled });
    }
    return {
      states: concat(
        encoded.map(({ states }) => states),
        1,
      ),
      pooled: encoded[0]?.pooled,
    };
  }
  const tokens = await run.tokenize(tokenizer, text);
  if (tokens.truncatedText !== undefined)
    run.warn(
      `the ${what} is longer than the ${tokens.maxLength} tokens that ${encoder} takes; this part was cut: "${short(tokens.truncatedText)}" (--prompt-weighting yes reads it in chunks)`,
    );
  return await encodeTokens(run, request, tokens);
}

async function encodeTokens(
  run: PipelineRun,
  { encoder, layersBack, pooled, finalNorm = false }: ClipRequest,
  { ids, attentionMask }: Pick<Tokens, 'ids' | 'attentionMask'>,
): Promise<ClipStates> {
  const states = layersBack === undefined ? 'last_hidden_state' : hiddenState(run, encoder, layersBack);
  // Few read a mask: to the others the padding is text.
  const isMasked = run.model.parts[encoder]?.config['use_attention_mask'] === true;
  const seen = isMasked ? attentionMask : ids.map(() => 1);
  const outputs = await run.runPart(
    encoder,
    { input_ids: idsTensor(ids), attention_mask: idsTensor(seen) },
    pooled === undefined ? [states] : [states, pooled],
  );
  const raw = outputs[states] as Tensor;
  return {
    states: finalNorm ? await normalised(run, encoder, raw) : raw,
    pooled: pooled === undefined ? undefined : outputs[pooled],
  };
}

/** Chunks of a text, empty ones after them where another text of the call has more: the halves of guidance are equally long. */
async function chunksOf(run: PipelineRun, tokenizer: string, text: string): Promise<PromptChunk[]> {
  const { prompt, prompt2, negativePrompt, negativePrompt2, promptEmbeds, negativePromptEmbeds } = run.call;
  if (promptEmbeds !== undefined || negativePromptEmbeds !== undefined)
    throw new AsyncDiffError('invalid_settings', '--prompt-weighting reads texts, and embeddings are given', {
      hint: 'Leave --prompt-weighting out, or give texts in place of the embeddings.',
    });
  const negatives = run.guidanceScale > 1 ? [negativePrompt, negativePrompt2] : [];
  const counts = new Map<string, PromptChunk[]>();
  for (const one of [text, prompt, prompt2, ...negatives])
    if (one !== undefined && !counts.has(one))
      counts.set(one, await promptChunks(run.tokenize, tokenizer, one));
  const most = Math.max(...Array.from(counts.values(), (chunks) => chunks.length));
  const own = counts.get(text) ?? [];
  const [empty] = await promptChunks(run.tokenize, tokenizer, '');
  return [...own, ...Array.from({ length: most - own.length }, () => empty as PromptChunk)];
}

/**
 * States [1, tokens, hidden] times the weights of their tokens, then scaled so that their mean is what it was (the web UI's "Original" emphasis).
 */
function emphasised(states: Tensor, weights: readonly number[]): Tensor {
  if (weights.every((weight) => weight === 1)) return states;
  const given = floatsOf(states);
  const size = states.dims.at(-1) ?? 1;
  const values = given.map((value, at) => value * (weights[Math.floor(at / size)] as number));
  const mean = (all: Float32Array): number => all.reduce((sum, value) => sum + value, 0) / all.length;
  const after = mean(values);
  const factor = after === 0 ? 1 : mean(given) / after;
  return float32(
    values.map((value) => value * factor),
    states.dims,
  );
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
