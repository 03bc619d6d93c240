import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import { parseWeights, promptChunks } from '../../../coordinator/pipeline/kit/index.js';
import { Tokenizer } from '../../../coordinator/pipeline/index.js';

const tokenizer = Tokenizer.open(join(packageRoot, 'models/emoji/tokenizer'));
const chunks = (text: string) =>
  promptChunks((_, part, options) => Promise.resolve(tokenizer.encode(part, options)), 'tokenizer', text);
const BOS = 2912;
const END = 2913;

describe('weights in a prompt', () => {
  // The examples of parse_prompt_attention in AUTOMATIC1111's prompt_parser.py.
  it.each<[string, readonly (readonly [string, number | undefined])[]]>([
    ['normal text', [['normal text', 1]]],
    [
      'an (important) word',
      [
        ['an ', 1],
        ['important', 1.1],
        [' word', 1],
      ],
    ],
    ['(unbalanced', [['unbalanced', 1.1]]],
    ['\\(literal\\]', [['(literal]', 1]]],
    ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
    [
      'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).',
      [
        ['a ', 1],
        ['house', 1.5730000000000004],
        [' ', 1.1],
        ['on', 1],
        [' a ', 1.1],
        ['hill', 0.55],
        [', sun, ', 1.1],
        ['sky', 1.4641000000000006],
        ['.', 1.1],
      ],
    ],
    [
      'red apple BREAK BREAKFAST',
      [
        ['red apple', 1],
        ['BREAK', undefined],
        ['BREAKFAST', 1],
      ],
    ],
    [
      '(a BREAK b:2)',
      [
        ['a', 2],
        ['BREAK', undefined],
        ['b', 2],
      ],
    ],
    ['', []],
    [') ] : \\', [[') ] : \\', 1]]],
  ])('are read as the web UI reads them: %j', (prompt, expected) => {
    expect(parseWeights(prompt).map(({ text, weight }) => [text, weight])).toEqual(expected);
  });

  it.each(['(a:1.2.3)', '(a:1000)', '('.repeat(65), '(a:99)((a:90):90)'])(
    'are refused where they are no weights: %j',
    (prompt) => {
      expect(() => parseWeights(prompt)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
    },
  );

  it('are read in time, whatever the text', () => {
    const text = '(a:1.1) [b] \\( ((c)) '.repeat(3000).slice(0, 65_536);
    expect(parseWeights(text).length).toBeGreaterThan(1000);
  });
});

describe('chunks of a prompt', () => {
  it('are what diffusers makes of a plain prompt that fits', async () => {
    for (const text of ['', 'red apple', 'tiger face, 3d']) {
      const { ids, attentionMask } = tokenizer.encode(text);
      expect(await chunks(text)).toEqual([{ ids, attentionMask, weights: ids.map(() => 1) }]);
    }
  });

  it('hold what one cannot, in order, each between its own special tokens', async () => {
    const text = 'red apple '.repeat(20);
    const all = await chunks(text);
    expect(all).toHaveLength(3);
    for (const { ids, weights } of all) {
      expect([ids.length, weights.length, ids[0]]).toEqual([16, 16, BOS]);
      expect(ids).toContain(END);
    }
    const words = all.flatMap(({ ids }) => ids.slice(1, ids.indexOf(END)));
    expect(words).toEqual(Array.from({ length: 20 }, () => [550, 1087]).flat());
  });

  it('end at BREAK, and at a comma that is near', async () => {
    const [first, second] = await chunks('red BREAK (apple:1.5)');
    expect(first?.ids.slice(0, 3)).toEqual([BOS, 550, END]);
    expect(second?.ids.slice(0, 3)).toEqual([BOS, 1087, END]);
    expect(second?.weights.slice(0, 3)).toEqual([1, 1.5, 1]);
    // Twelve tokens, a comma, then more than fit.
    const [one, two] = await chunks(`${'red '.repeat(12)}, apple apple`);
    expect(one?.ids.filter((id) => id === 550)).toHaveLength(12);
    expect(one?.ids).not.toContain(1087);
    expect(two?.ids.slice(0, 4)).toEqual([BOS, 1087, 1087, END]);
  });

  it('are at most 32', async () => {
    await expect(chunks('red apple '.repeat(300))).rejects.toMatchObject({ code: 'limit_exceeded' });
  });
});
