import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { Tokenizer } from '../../../coordinator/pipeline/index.js';

const FOLDER = join(packageRoot, 'models/emoji/tokenizer');
const END = 2913;

/** Recorded from the tokenizer that the model was trained with (scripts/train-emoji/captions.py), padding left out. */
const RECORDED: Readonly<Record<string, readonly number[]>> = {
  '': [2912, END],
  'red apple': [2912, 550, 1087, END],
  'Tiger Face': [2912, 1347, 544, END],
  'hot beverage': [2912, 878, 1889, END],
  'flat rocket': [2912, 514, 2420, END],
  'a robot eating pizza': [2912, 320, 534, 2813, 68, 1503, 2075, END],
  'tiger face, 3d': [2912, 1347, 544, 267, 274, 323, END],
  'blue rose': [2912, 563, 1861, END],
  'carpentry saw': [2912, 2738, 2517, END],
  'pile of poo': [2912, 661, 518, 533, 2547, END],
  '3d snowman': [2912, 274, 323, 2218, END],
  'aaa zqzq': [2912, 64, 64, 320, 89, 80, 89, 336, END],
};

describe('the bundled tokenizer', () => {
  let tokenizer: Tokenizer;
  beforeAll(() => {
    tokenizer = Tokenizer.open(FOLDER);
  });

  it.each(Object.entries(RECORDED))('gives the ids of training for "%s"', (text, ids) => {
    const encoded = tokenizer.encode(text);
    expect(encoded.ids).toEqual([...ids, ...Array.from({ length: 16 - ids.length }, () => END)]);
    expect(encoded.attentionMask.filter((bit) => bit === 1)).toHaveLength(ids.length);
    expect(encoded.truncatedText).toBeUndefined();
  });

  it('takes what no text is made of: NUL, halves of surrogate pairs, special tokens, a word without an end', () => {
    for (const text of ['a\u0000b', '\uD83D apple', 'red <|endoftext|> apple', 'x'.repeat(65_536)])
      expect(tokenizer.encode(text).ids).toHaveLength(16);
  });

  it('keeps 14 tokens between start and end, and says which words were cut', () => {
    const words = 'apple banana pizza rocket tiger apple banana pizza rocket tiger apple banana pizza rocket';
    expect(tokenizer.encode(words).truncatedText).toBeUndefined();
    const long = tokenizer.encode(`${words} castle guitar`);
    expect(long.ids).toEqual(tokenizer.encode(words).ids);
    expect(long.ids).toHaveLength(16);
    expect(long.ids.at(-1)).toBe(END);
    expect(long.truncatedText).toBe('castle guitar');
  });
});

describe('a tokenizer folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-tokenizer-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('may hold vocab.json and merges.txt instead of tokenizer.json', () => {
    const json = JSON.parse(readFileSync(join(FOLDER, 'tokenizer.json'), 'utf8')) as {
      model: { vocab: Record<string, number>; merges: string[] };
    };
    const slow = join(folder, 'slow');
    mkdirSync(slow);
    cpSync(join(FOLDER, 'tokenizer_config.json'), join(slow, 'tokenizer_config.json'));
    writeFileSync(join(slow, 'vocab.json'), JSON.stringify(json.model.vocab));
    writeFileSync(join(slow, 'merges.txt'), `#version: 0.2\n${json.model.merges.join('\n')}\n`);
    const [fast, built] = [Tokenizer.open(FOLDER), Tokenizer.open(slow)];
    for (const text of [...Object.keys(RECORDED), "don't  #1 über 日本", 'x'.repeat(60)]) {
      expect(built.encode(text)).toEqual(fast.encode(text));
    }
  });

  it('takes the padding token of special_tokens_map.json over an older config, as SD 2 needs', () => {
    const sd2 = join(folder, 'sd2');
    cpSync(FOLDER, sd2, { recursive: true });
    const config = { model_max_length: 1e30, pad_token: '<|endoftext|>' };
    writeFileSync(join(sd2, 'tokenizer_config.json'), JSON.stringify(config));
    writeFileSync(
      join(sd2, 'special_tokens_map.json'),
      JSON.stringify({ pad_token: '!', eos_token: { content: '<|endoftext|>', lstrip: false } }),
    );
    const tokenizer = Tokenizer.open(sd2, 5);
    expect(tokenizer.encode('red apple').ids).toEqual([2912, 550, 1087, END, 0]);
    expect(() => Tokenizer.open(sd2)).toThrow(expect.objectContaining({ code: 'model_invalid' }));
  });

  it('without any vocabulary is model_not_found', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(() => Tokenizer.open(empty, 16)).toThrow(
      expect.objectContaining({
        code: 'model_not_found',
        message: expect.stringContaining('tokenizer.json') as unknown,
      }),
    );
  });
});
