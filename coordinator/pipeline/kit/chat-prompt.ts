import type { Tensor } from '../../../common/tensor/index.js';
import { hiddenState, short } from './clip-prompt.js';
import type { PipelineRun } from './description.js';
import { fixedAxis, idsTensor } from './parts.js';
import type { PromptSide } from './both-prompts.js';
import { givenStates, sliceTokens } from './token-states.js';

/** How a family puts prompts to its language model. */
export interface ChatForm {
  readonly template: {
    readonly before: string;
    readonly after: string;
    /** Tokens at the beginning whose states are dropped. */
    readonly dropped: number;
  };
  /** Tokens, the template's included. */
  readonly maxLength: number;
  /** Which states: so many layers before the last. */
  readonly layersBack: number;
  /** Of the states that are left, those of the first tokens; all unless set. */
  readonly keepTokens?: number | undefined;
}

/**
 * One prompt through a language model, as a message of its chat: states of the prompt's own tokens, without padding, [1, tokens, hidden]. Those
 * that the call gives are taken as they are.
 */
export async function chatStates(
  run: PipelineRun,
  { text, what, embeds }: PromptSide,
  { template, maxLength, layersBack, keepTokens = Number.POSITIVE_INFINITY }: ChatForm,
): Promise<Tensor> {
  if (embeds !== undefined) return givenStates(embeds);
  const encoder = 'text_encoder';
  const tokens = await run.tokenize('tokenizer', `${template.before}${text}${template.after}`, { maxLength });
  if (tokens.truncatedText !== undefined)
    run.warn(
      `the ${what} is longer than ${maxLength} tokens; this part was cut: "${short(tokens.truncatedText)}"`,
    );
  const count = tokens.attentionMask.filter((one) => one === 1).length;
  // What is behind a token does not change it, so the padding is computed only where the file has a length of its own.
  const ids = run.partInfo(encoder)?.inputs.find(({ name }) => name === 'input_ids');
  const length = fixedAxis(ids, 1) ?? count;
  const output = hiddenState(run, encoder, layersBack);
  const { [output]: states } = await run.runPart(
    encoder,
    {
      input_ids: idsTensor(tokens.ids.slice(0, length)),
      attention_mask: idsTensor(tokens.attentionMask.slice(0, length)),
    },
    [output],
  );
  return sliceTokens(states as Tensor, template.dropped, Math.min(count, template.dropped + keepTokens));
}
