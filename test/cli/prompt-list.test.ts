import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listPrompts } from '../../cli/prompt-list.js';

it('a picture that is there counts for its own prompt only, however alike two begin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-prompts-'));
  try {
    const options = { out: join(folder, 'list.png'), seed: 3, numImages: 1 };
    const long = 'a bowl of fruit on a wooden table in the morning light, painted in oil, ';
    for (const prompt of ['red apple', `${long}with a dog`]) {
      const [first] = listPrompts([prompt], options);
      expect(first).toMatchObject({ prompt, seed: 3, isDrawn: false });
      writeFileSync(first?.out ?? '', '');
      expect(listPrompts([prompt], options)[0]?.isDrawn).toBe(true);
    }
    expect(listPrompts([`${long}with a cat`], options)[0]?.isDrawn).toBe(false);
    expect(listPrompts(['red apple'], options)[0]?.out).toBe(join(folder, 'list-0000-red-apple.png'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
