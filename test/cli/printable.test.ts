import { expect, it } from 'vitest';
import { printError } from '../../cli/print-error.js';
import { printable } from '../../cli/printable.js';
import { wholeNumber } from '../../cli/numbers.js';
import { AsyncDiffError } from '../../common/errors/index.js';

it('shows nothing that a terminal would act on, and no word without an end', () => {
  expect(printable('a\u001b[31mb\u0000\u202ec\n  d')).toBe('a\\u{1b}[31mb\\u{0}\\u{202e}c d');
  expect(printable(`path ${'x'.repeat(5000)} end`)).toBe(`path ${'x'.repeat(60)}... (5000 characters) end`);
  expect(printable('ein Fuchs, 狐, 🦊')).toBe('ein Fuchs, 狐, 🦊');
});

function told(error: unknown): string {
  let text = '';
  printError(error, { write: (part) => (text += part) }, { verbose: false, command: 'asyncdiff plan' });
  return text;
}

it('what the system says of a path is no fault of asyncdiff', () => {
  const long = Object.assign(new Error('ENAMETOOLONG: name too long, stat "x"'), {
    code: 'ENAMETOOLONG',
    path: 'x',
  });
  expect(told(long)).toMatch(/^error: \[file_not_found\] ENAMETOOLONG/);
  expect(told(AsyncDiffError.from(long))).toMatch(/^error: \[file_not_found\]/);
  expect(told(new TypeError('boom'))).toMatch(
    /^error: \[internal\] boom\nhint: [^\n]*\n[^\n]*\nAsyncDiffError/,
  );
});

it('sends to the help of the command', () => {
  expect(told(new AsyncDiffError('usage', 'no'))).toContain('hint: See `asyncdiff plan --help`');
});

it('takes no empty text for a number', () => {
  for (const text of ['', ' ', '1.5', '1e9'])
    expect(() => wholeNumber('threads', 0, 256)(text)).toThrow('--threads takes a whole number');
  expect(wholeNumber('threads', 0, 256)('0')).toBe(0);
});
