import type { Tensor } from '../../../common/tensor/index.js';
import type { PipelineCall } from './description.js';

/** One of the two prompts of classifier-free guidance, and what may be given in its place. */
export interface PromptSide {
  readonly text: string;
  /** What it is, for errors and warnings. */
  readonly what: 'prompt' | 'negative prompt';
  readonly embeds: Tensor | undefined;
  readonly mask: Tensor | undefined;
}

/** Both prompts by `encode`, the negative one only where there is guidance; it is told what the prompt became, whose length it may have to take. */
export async function bothPrompts<T>(
  call: PipelineCall,
  isGuided: boolean,
  encode: (side: PromptSide, positive?: T) => Promise<T>,
): Promise<{ readonly positive: T; readonly negative: T | undefined }> {
  const positive = await encode({
    text: call.prompt,
    what: 'prompt',
    embeds: call.promptEmbeds,
    mask: call.promptAttentionMask,
  });
  if (!isGuided) return { positive, negative: undefined };
  const negative = await encode(
    {
      text: call.negativePrompt ?? '',
      what: 'negative prompt',
      embeds: call.negativePromptEmbeds,
      mask: call.negativePromptAttentionMask,
    },
    positive,
  );
  return { positive, negative };
}
