import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { printError } from '../../cli/print-error.js';
import { AsyncDiffError } from '../../common/errors/index.js';

it('an error names pages of the documentation by paths that are there, from whatever folder it is called', () => {
  let text = '';
  const exitCode = printError(
    new AsyncDiffError('limit_exceeded', 'too much'),
    { write: (part) => (text += part) },
    { verbose: false },
  );
  expect(exitCode).toBe(2);
  const pages = [...text.matchAll(/(\S*docs\/\S+\.md)/g)].map(([page = '']) => page);
  expect(pages).toHaveLength(2);
  for (const page of pages)
    expect({ page, isThere: page.startsWith('/') && existsSync(page) }).toEqual({ page, isThere: true });
});

it('a full disk is told of as one, not as a fault of ours, whichever file was being written', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EROFS']) {
    let text = '';
    const error = Object.assign(new Error(`${code}: no room, write`), { code });
    const exitCode = printError(error, { write: (part) => (text += part) }, { verbose: false });
    expect(exitCode).toBe(2);
    expect(text).toContain('[file_unreadable] a file cannot be written');
    expect(text).toContain('Make room on the disk');
  }
});
