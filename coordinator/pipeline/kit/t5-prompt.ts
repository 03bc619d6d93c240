import type { Tensor } from '../../../common/tensor/index.js';
import { short } from './clip-prompt.js';
import type { PipelineRun } from './description.js';
import { fixedAxis, idsTensor } from './parts.js';

interface T5Request {
  readonly encoder: string;
  readonly tokenizer: string;
  readonly text: string;
  /** What the text is, for warnings: `prompt`. */
  readonly what: string;
  /** Tokens, padding included; the tokenizer's own unless set. The file's, where it has a length of its own. */
  readonly maxLength?: number | undefined;
  /** The encoder sees the padding as text, as pipelines have it that give it no mask. */
  readonly readsPadding?: boolean | undefined;
}

export interface T5States {
  /** [1, tokens, hidden]; those of the padding too, which most pipelines read. */
  readonly states: Tensor;
  /** int64 [1, tokens]: 1 for tokens, 0 for padding. */
  readonly mask: Tensor;
}

/** One text through a T5 text encoder: padded to its length and cut there, with a warning that quotes what was cut. */
export async function encodeT5(run: PipelineRun, request: T5Request): Promise<T5States> {
  const { encoder, tokenizer, text, what } = request;
  const ids = run.partInfo(encoder)?.inputs.find(({ name }) => name === 'input_ids');
  const tokens = await run.tokenize(tokenizer, text, { maxLength: fixedAxis(ids, 1) ?? request.maxLength });
  if (tokens.truncatedText !== undefined)
    run.warn(
      `the ${what} is longer than ${tokens.maxLength} tokens (max_sequence_length); this part was cut: "${short(tokens.truncatedText)}"`,
    );
  const mask = idsTensor(tokens.attentionMask);
  const seen = request.readsPadding === true ? idsTensor(tokens.ids.map(() => 1)) : mask;
  const outputs = await run.runPart(encoder, { input_ids: idsTensor(tokens.ids), attention_mask: seen }, [
    'last_hidden_state',
  ]);
  return { states: outputs['last_hidden_state'] as Tensor, mask };
}
