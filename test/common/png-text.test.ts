import { expect, it } from 'vitest';
import { decodePng, encodePng, readPngText, withPngText } from '../../common/image/index.js';

it('keeps texts beside the pixels of a PNG, in any script', async () => {
  const picture = { width: 5, height: 3, data: Uint8Array.from({ length: 45 }, (_, i) => i) };
  const plain = await encodePng(picture);
  const texts = { parameters: 'red apple\nSteps: 4, Seed: 1', other: 'яблоко 🍎' };
  const file = withPngText(plain, texts);
  expect(readPngText(file)).toEqual(texts);
  expect(await decodePng(file)).toEqual(picture);
  expect(readPngText(plain)['parameters']).toBeUndefined();
  expect(readPngText(Buffer.from('nothing'))).toEqual({});
});
