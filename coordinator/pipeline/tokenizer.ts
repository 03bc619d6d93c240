import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { AsyncDiffError } from '../../common/errors/index.js';
import { clipTokenizerJson } from './clip-tokenizer.js';
import { readJsonPart, readTextPart } from './json-file.js';

/** The part of @huggingface/tokenizers that is used; its own types are lost under NodeNext resolution. */
interface Encoder {
  encode(text: string, options?: { add_special_tokens?: boolean }): { ids: number[] };
  decode(ids: readonly number[], options?: { skip_special_tokens?: boolean }): string;
  token_to_id(token: string): number | undefined;
}

const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)])
  .nullish();
const specialTokensSchema = z.looseObject({
  pad_token: specialToken,
  eos_token: specialToken,
  bos_token: specialToken,
  unk_token: specialToken,
});
const configSchema = specialTokensSchema.extend({
  model_max_length: z.number().optional(),
  added_tokens_decoder: z.unknown().optional(),
});
const tokenizerJsonSchema = z.looseObject({ model: z.looseObject({ type: z.string().optional() }) });
const vocabSchema = z.record(z.string(), z.int());

export interface TokenizedPrompt {
  /** Token ids, exactly `maxLength` of them. */
  readonly ids: readonly number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: readonly number[];
  /** The end of the prompt that did not fit; undefined when all of it did. */
  readonly truncatedText: string | undefined;
}

/** Text to token ids of a fixed length, as transformers' `padding="max_length", truncation=True` gives them. */
export class Tokenizer {
  readonly maxLength: number;
  readonly #encoder: Encoder;
  readonly #padId: number;

  constructor(encoder: Encoder, maxLength: number, padId: number) {
    this.#encoder = encoder;
    this.maxLength = maxLength;
    this.#padId = padId;
  }

  /**
   * Opens `tokenizer/` of a model folder: tokenizer.json, or vocab.json and merges.txt (CLIP).
   * `maxPositionEmbeddings` (of the text encoder) stands in where tokenizer_config.json names no usable length.
   */
  static async open(folder: string, maxPositionEmbeddings?: number): Promise<Tokenizer> {
    const config = existsSync(join(folder, 'tokenizer_config.json'))
      ? await readJsonPart(folder, 'tokenizer_config.json', configSchema)
      : configSchema.parse({});
    // transformers lets special_tokens_map.json win over a config of the older kind, without added_tokens_decoder;
    // SD 2's padding token "!" depends on it.
    const useMap =
      config.added_tokens_decoder === undefined && existsSync(join(folder, 'special_tokens_map.json'));
    const special = useMap ? await readJsonPart(folder, 'special_tokens_map.json', specialTokensSchema) : {};
    const tokens = { ...config, ...special };
    const encoder = await openEncoder(folder, tokens);
    // Tokenizers without a limit of their own carry 1e30 here.
    const own = config.model_max_length;
    const maxLength = own !== undefined && own <= 1e6 ? own : maxPositionEmbeddings;
    if (maxLength === undefined || !Number.isInteger(maxLength) || maxLength < 3) {
      throw new AsyncDiffError('model_invalid', `${folder}/tokenizer_config.json names no model_max_length`);
    }
    const padToken = tokens.pad_token ?? tokens.eos_token ?? '<|endoftext|>';
    const padId = encoder.token_to_id(padToken);
    if (padId === undefined) {
      throw new AsyncDiffError(
        'model_invalid',
        `${folder}: the padding token ${padToken} is not in the vocabulary`,
      );
    }
    return new Tokenizer(encoder, maxLength, padId);
  }

  /** Never raises: a prompt that is too long is cut, and the part that was cut is returned (as diffusers does). */
  encode(text: string): TokenizedPrompt {
    const whole = this.#encoder.encode(text).ids;
    const bare = this.#encoder.encode(text, { add_special_tokens: false }).ids;
    const special = whole.length - bare.length;
    const room = this.maxLength - special;
    const kept = bare.length <= room ? whole : cutMiddle(whole, bare, room);
    const padding = this.maxLength - kept.length;
    const cut = bare.slice(room);
    return {
      ids: [...kept, ...Array.from({ length: padding }, () => this.#padId)],
      attentionMask: [...kept.map(() => 1), ...Array.from({ length: padding }, () => 0)],
      truncatedText:
        cut.length === 0 ? undefined : this.#encoder.decode(cut, { skip_special_tokens: true }).trim(),
    };
  }
}

/** Shortens the text but keeps the special tokens around it. */
function cutMiddle(whole: readonly number[], bare: readonly number[], room: number): number[] {
  let leading = 0;
  const special = whole.length - bare.length;
  while (leading < special && !bare.every((id, i) => whole[leading + i] === id)) leading += 1;
  return [...whole.slice(0, leading), ...bare.slice(0, room), ...whole.slice(leading + bare.length)];
}

async function openEncoder(folder: string, tokens: z.infer<typeof specialTokensSchema>): Promise<Encoder> {
  let json: unknown;
  if (existsSync(join(folder, 'tokenizer.json'))) {
    json = await readJsonPart(folder, 'tokenizer.json', tokenizerJsonSchema);
  } else {
    if (!existsSync(join(folder, 'vocab.json'))) await readTextPart(folder, 'tokenizer.json');
    const vocab = await readJsonPart(folder, 'vocab.json', vocabSchema);
    json = clipTokenizerJson(vocab, await readTextPart(folder, 'merges.txt'), {
      bos: tokens.bos_token ?? '<|startoftext|>',
      eos: tokens.eos_token ?? '<|endoftext|>',
      unk: tokens.unk_token ?? '<|endoftext|>',
    });
  }
  try {
    return new (HuggingFaceTokenizer as new (json: unknown, config: unknown) => Encoder)(json, tokens);
  } catch (cause) {
    throw new AsyncDiffError('model_invalid', `${folder}: the tokenizer cannot be built: ${String(cause)}`, {
      cause,
    });
  }
}
