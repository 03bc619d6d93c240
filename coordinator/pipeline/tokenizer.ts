import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { AsyncDiffError } from '../../common/errors/index.js';
import { clipTokenizerJson } from './clip-tokenizer.js';
import { readJsonFile, readTextFile } from './json-file.js';
import { t5TokenizerJson } from './sentencepiece.js';
import type { TokenizeOptions, Tokens } from './kit/index.js';

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
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).optional(),
  tokenizer_class: z.string().nullish(),
});
type TokenizerConfig = z.infer<typeof configSchema>;
const tokenizerJsonSchema = z.looseObject({ model: z.looseObject({ type: z.string().optional() }) });
const vocabSchema = z.record(z.string(), z.int());

/** Text to token ids of a fixed length, as transformers' `padding="max_length", truncation=True` gives them. */
export class Tokenizer {
  readonly maxLength: number;
  readonly #encoder: Encoder;
  readonly #padId: number;
  /** How many special tokens stand around a text. */
  readonly #around: { readonly leading: number; readonly trailing: number };

  constructor(encoder: Encoder, maxLength: number, padId: number) {
    this.#encoder = encoder;
    this.maxLength = maxLength;
    this.#padId = padId;
    this.#around = specialTokensOf(encoder);
  }

  /**
   * Opens `tokenizer/` of a model folder: tokenizer.json, or vocab.json and merges.txt (CLIP).
   * `maxPositionEmbeddings` (of the text encoder) stands in where tokenizer_config.json names no usable length.
   */
  static open(folder: string, maxPositionEmbeddings?: number): Tokenizer {
    const config = existsSync(join(folder, 'tokenizer_config.json'))
      ? readJsonFile(join(folder, 'tokenizer_config.json'), configSchema)
      : configSchema.parse({});
    // transformers lets special_tokens_map.json win over a config of the older kind, without added_tokens_decoder;
    // SD 2's padding token "!" depends on it.
    const useMap =
      config.added_tokens_decoder === undefined && existsSync(join(folder, 'special_tokens_map.json'));
    const special = useMap ? readJsonFile(join(folder, 'special_tokens_map.json'), specialTokensSchema) : {};
    const tokens = { ...config, ...special };
    const encoder = openEncoder(folder, tokens);
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
  encode(given: string, { maxLength = this.maxLength }: TokenizeOptions = {}): Tokens {
    // Halves of surrogate pairs have no UTF-8 form; Python refuses them, and some front ends cut emoji into them.
    const text = Buffer.from(given, 'utf8').toString('utf8');
    const whole = this.#encoder.encode(text).ids;
    const { leading, trailing } = this.#around;
    const bare = whole.slice(leading, whole.length - trailing);
    const room = maxLength - leading - trailing;
    const kept = [
      ...whole.slice(0, leading),
      ...bare.slice(0, room),
      ...whole.slice(whole.length - trailing),
    ];
    const padding = maxLength - kept.length;
    const cut = bare.slice(room);
    return {
      ids: [...kept, ...Array.from({ length: padding }, () => this.#padId)],
      attentionMask: [...kept.map(() => 1), ...Array.from({ length: padding }, () => 0)],
      maxLength,
      truncatedText:
        cut.length === 0 ? undefined : this.#encoder.decode(cut, { skip_special_tokens: true }).trim(),
    };
  }
}

function specialTokensOf(encoder: Encoder): { leading: number; trailing: number } {
  const whole = encoder.encode('a').ids;
  const bare = encoder.encode('a', { add_special_tokens: false }).ids;
  const special = whole.length - bare.length;
  let leading = 0;
  while (leading < special && !bare.every((id, i) => whole[leading + i] === id)) leading += 1;
  return { leading, trailing: special - leading };
}

function openEncoder(folder: string, tokens: TokenizerConfig): Encoder {
  const json = tokenizerJson(folder, tokens);
  try {
    return new (HuggingFaceTokenizer as new (json: unknown, config: unknown) => Encoder)(json, tokens);
  } catch (cause) {
    throw new AsyncDiffError('model_invalid', `${folder}: the tokenizer cannot be built: ${String(cause)}`, {
      cause,
    });
  }
}

/** tokenizer.json, or what takes its place: spiece.model (T5), or vocab.json and merges.txt (CLIP). */
function tokenizerJson(folder: string, tokens: TokenizerConfig): unknown {
  const file = (name: string): string => join(folder, name);
  if (existsSync(file('tokenizer.json'))) return readJsonFile(file('tokenizer.json'), tokenizerJsonSchema);
  if (existsSync(file('spiece.model'))) return t5TokenizerJson(file('spiece.model'), sentinels(tokens));
  const kind = tokens.tokenizer_class ?? 'CLIPTokenizer';
  if (!existsSync(file('vocab.json')) || !kind.startsWith('CLIP')) readTextFile(file('tokenizer.json'));
  const vocab = readJsonFile(file('vocab.json'), vocabSchema);
  return clipTokenizerJson(vocab, readTextFile(file('merges.txt')), {
    bos: tokens.bos_token ?? '<|startoftext|>',
    eos: tokens.eos_token ?? '<|endoftext|>',
    unk: tokens.unk_token ?? '<|endoftext|>',
  });
}

/** T5's `<extra_id_0>`, ... by id. */
function sentinels({ added_tokens_decoder: added = {} }: TokenizerConfig): Record<number, string> {
  return Object.fromEntries(Object.entries(added).map(([id, { content }]) => [Number(id), content]));
}
