import { checkLimit } from '../../../common/settings/index.js';
import type { Tokenize } from './parts.js';
import { parseWeights } from './weighted-prompt.js';

/** What a CLIP text encoder reads at once: as many tokens as its tokenizer has room for, special ones and padding included. */
export interface PromptChunk {
  readonly ids: readonly number[];
  /** Of each token; 1 for special tokens and padding. */
  readonly weights: readonly number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: readonly number[];
}

/** A chunk ends at the last comma where that is at most so many tokens back, as in the web UI. */
const COMMA_TOKENS = 20;

/** Tokens of a text without those around it, and those. */
interface Bare {
  readonly ids: readonly number[];
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
}

/**
 * A prompt with weights and BREAK as chunks, at least one, as AUTOMATIC1111's web UI makes them (`tokenize_line` of its
 * modules/sd_hijack_clip.py). A plain prompt that fits is the one chunk that diffusers makes of it.
 * @throws AsyncDiffError `invalid_settings` for weights that cannot be read, `limit_exceeded` for too many chunks
 */
export async function promptChunks(
  tokenize: Tokenize,
  tokenizer: string,
  text: string,
): Promise<PromptChunk[]> {
  const bare = async (part: string): Promise<Bare> => {
    // No token is shorter than a byte; lower case may be longer.
    const room = 2 * Buffer.byteLength(part) + 3;
    const { ids, attentionMask } = await tokenize(tokenizer, part, { maxLength: room });
    const kept = ids.slice(0, attentionMask.indexOf(0));
    return {
      ids: kept.slice(1, -1),
      bos: kept[0] as number,
      eos: kept.at(-1) as number,
      pad: ids.at(-1) as number,
    };
  };
  const { maxLength } = await tokenize(tokenizer, '');
  const around = await bare(',');
  const [comma] = around.ids;
  const room = maxLength - 2;
  const chunks: PromptChunk[] = [];
  let current: { id: number; weight: number }[] = [];
  let lastComma = 0;
  const end = (): void => {
    chunks.push(toChunk(current, maxLength, around));
    checkLimit('promptChunks', chunks.length, 'a prompt');
    current = [];
    lastComma = 0;
  };
  for (const { text: part, weight } of parseWeights(text)) {
    if (weight === undefined) {
      end();
      continue;
    }
    for (const id of (await bare(part)).ids) {
      if (current.length === room) {
        const isNear = id !== comma && lastComma > 0 && room - lastComma < COMMA_TOKENS;
        const moved = isNear ? current.splice(lastComma) : [];
        end();
        current = moved;
      }
      current.push({ id, weight });
      if (id === comma) lastComma = current.length;
    }
  }
  if (current.length > 0 || chunks.length === 0) end();
  return chunks;
}

function toChunk(
  tokens: readonly { readonly id: number; readonly weight: number }[],
  maxLength: number,
  { bos, eos, pad }: Bare,
): PromptChunk {
  const padding = Array.from({ length: maxLength - tokens.length - 2 }, () => pad);
  const after = padding.map(() => 1);
  return {
    ids: [bos, ...tokens.map(({ id }) => id), eos, ...padding],
    weights: [1, ...tokens.map(({ weight }) => weight), 1, ...after],
    attentionMask: [1, ...tokens.map(() => 1), 1, ...padding.map(() => 0)],
  };
}
