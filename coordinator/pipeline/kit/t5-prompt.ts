import type { Tensor } from '../../../common/tensor/index.js';
import { short } from './clip-prompt.js';
import type { PipelineRun } from './description.js';
import { idsTensor } from './parts.js';

export interface T5Request {
  readonly encoder: string;
  readonly tokenizer: string;
  readonly text: string;
  /** What the text is, for warnings: `prompt`. */
  readonly what: string;
  /** Tokens, padding included. */
  readonly maxLength: number;
}

export interface T5States {
  /** [1, tokens, hidden]; those of the padding too, which most pipelines read. */
  readonly states: Tensor;
  /** int64 [1, tokens]: 1 for tokens, 0 for padding. */
  readonly mask: Tensor;
}

/** One text through a T5 text encoder: padded to `maxLength` and cut there, with a warning that quotes what was cut. */
export async function encodeT5(run: PipelineRun, request: T5Request): Promise<T5States> {
  const { encoder, tokenizer, text, what, maxLength } = request;
  const tokens = await run.tokenize(tokenizer, text, { maxLength });
  if (tokens.truncatedText !== undefined)
    run.warn(
      `the ${what} is longer than max_sequence_length, ${maxLength} tokens; this part was cut: "${short(tokens.truncatedText)}"`,
    );
  const mask = idsTensor(tokens.attentionMask);
  const outputs = await run.runPart(encoder, { input_ids: idsTensor(tokens.ids), attention_mask: mask }, [
    'last_hidden_state',
  ]);
  return { states: outputs['last_hidden_state'] as Tensor, mask };
}
