import { expect, it } from 'vitest';
import { printError } from '../../cli/print-error.js';
import { printable } from '../../cli/printable.js';
import { flag } from '../../cli/flag.js';
import { realNumber, wholeNumber } from '../../cli/numbers.js';
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

it('says what range a number may have, where it has one', () => {
  expect(() => realNumber('speed', 0.01, 100)('0')).toThrow('takes a number from 0.01 to 100, not "0"');
  expect(() => realNumber('size', 1)('0')).toThrow('takes a number of at least 1, not "0"');
  expect(() => realNumber('scale')('x')).toThrow('takes a number, not "x"');
});

it('takes an empty variable of the environment for none', () => {
  const named = (): string | undefined => flag('--empty-one <file>', 'a file').envVar;
  process.env['ASYNCDIFF_EMPTY_ONE'] = '';
  expect(named()).toBeUndefined();
  process.env['ASYNCDIFF_EMPTY_ONE'] = 'a';
  expect(named()).toBe('ASYNCDIFF_EMPTY_ONE');
  delete process.env['ASYNCDIFF_EMPTY_ONE'];
  expect(named()).toBe('ASYNCDIFF_EMPTY_ONE');
});
