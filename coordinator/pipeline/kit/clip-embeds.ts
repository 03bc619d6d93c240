import type { Tensor } from '../../../common/tensor/index.js';
import { encodeClip } from './clip-prompt.js';
import type { PipelineRun } from './description.js';
import { guidedRows } from './tensor-rows.js';

/** States of one CLIP text encoder for a call's prompts, or given ones: [B or 2B, tokens, hidden]. */
export async function clipEmbeds(run: PipelineRun, guided: boolean): Promise<Tensor> {
  const { call } = run;
  const encode = async (text: string, what: string, clipSkip?: number): Promise<Tensor> =>
    (
      await encodeClip(run, {
        encoder: 'text_encoder',
        tokenizer: 'tokenizer',
        text,
        what,
        layersBack: clipSkip,
        finalNorm: clipSkip !== undefined,
      })
    ).states;
  const negative = guided
    ? (call.negativePromptEmbeds ?? (await encode(call.negativePrompt ?? '', 'negative prompt')))
    : undefined;
  const positive = call.promptEmbeds ?? (await encode(call.prompt, 'prompt', call.clipSkip || undefined));
  return guidedRows(negative, positive, run.numImages);
}
