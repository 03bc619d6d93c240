import { AsyncDiffError } from '../../common/errors/index.js';

interface ClipSpecialTokens {
  readonly bos: string;
  readonly eos: string;
  readonly unk: string;
}

/**
 * tokenizer.json of a CLIP tokenizer that is kept as vocab.json and merges.txt, as transformers' `CLIPConverter`
 * (convert_slow_tokenizer.py) builds it. Raises `model_invalid` when a special token is not in the vocabulary.
 */
export function clipTokenizerJson(
  vocab: Readonly<Record<string, number>>,
  mergesText: string,
  tokens: ClipSpecialTokens,
): Record<string, unknown> {
  const idOf = (token: string): number => {
    const id = vocab[token];
    if (id === undefined) throw new AsyncDiffError('model_invalid', `vocab.json has no token ${token}`);
    return id;
  };
  const merges = mergesText.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const added = [...new Set([tokens.bos, tokens.eos, tokens.unk])].map((content) => ({
    id: idOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: 'Removed',
          invert: true,
        },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [tokens.eos, idOf(tokens.eos)],
      cls: [tokens.bos, idOf(tokens.bos)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokens.unk,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab,
      merges,
    },
  };
}
