import { describe, expect, it } from 'vitest';
import { commandLine } from '../../scripts/multihost/annotate.js';
import { optionOf, parseOptions } from '../../scripts/multihost/options.js';
import { dilate, tbfWords } from '../../scripts/multihost/shaping.js';

describe('options of multihost', () => {
  it('keeps its own and passes the others on to bench, in order', () => {
    const options = parseOptions([
      '--configs',
      'n1s1,n2s1',
      '--hosts=3',
      '--rate',
      '1gbit',
      '--repeats=2',
      '--delay-ms',
      '2.5',
      '--json',
    ]);
    expect(options).toMatchObject({
      hosts: 3,
      rateBitsPerSecond: 1e9,
      delayMs: 2.5,
      json: true,
      device: 'cpu',
    });
    expect(options.benchOptions).toEqual(['--configs', 'n1s1,n2s1', '--repeats=2']);
    expect(options.command).toBeUndefined();
  });

  it('takes a command after --, whatever its options are called', () => {
    const { command, hosts } = parseOptions([
      '--hosts',
      '2',
      '--',
      'asyncdiff',
      'generate',
      '--json',
      '--hosts',
      '9',
    ]);
    expect(command).toEqual(['asyncdiff', 'generate', '--json', '--hosts', '9']);
    expect(hosts).toBe(2);
  });

  it.each([
    ['no host', ['--hosts', '0'], '--hosts takes a whole number'],
    ['a rate without a unit', ['--rate', '1000'], '--rate'],
    ['a delay below zero', ['--delay-ms', '-1'], '--delay-ms'],
    ['a value that is not there', ['--rate'], '--rate takes a value'],
    ['nothing after --', ['--'], 'no command'],
    ['options of bench beside a command', ['--repeats', '3', '--', 'ls'], '--repeats would go to bench'],
  ])('refuses %s', (_, argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });

  it('finds an option of another command in both spellings', () => {
    expect(optionOf(['--a', 'b', '--out', 'x'], 'out')).toBe('x');
    expect(optionOf(['--out=x=y'], 'out')).toBe('x=y');
    expect(optionOf(['--output', 'x'], 'out')).toBeUndefined();
  });

  it('writes a command line that a shell reads back', () => {
    expect(commandLine(['npm', '--', 'a b', "it's", 'x=1'])).toBe(`npm -- 'a b' 'it'\\''s' x=1`);
  });
});

describe('shape of a link', () => {
  it('keeps all proportions when devices are slower', () => {
    expect(dilate({ rateBitsPerSecond: 10e9, delayMs: 0.1 }, 8)).toEqual({
      rateBitsPerSecond: 1.25e9,
      delayMs: 0.8,
    });
    expect(dilate({ rateBitsPerSecond: undefined, delayMs: 2 }, 2)).toEqual({
      rateBitsPerSecond: undefined,
      delayMs: 4,
    });
  });

  it('gives the token bucket a millisecond of burst, and room for what is under way', () => {
    const tbf = (rate: string, burst: string, limit: string) => [
      'tbf',
      'rate',
      rate,
      'burst',
      burst,
      'limit',
      limit,
    ];
    expect(tbfWords(1e9, 0, 'port')).toEqual(tbf('1000000000bit', '125000b', '1125000b'));
    expect(tbfWords(1e9, 10, 'port').at(-1)).toBe('3625000b');
    expect(tbfWords(1e6, 0, 'port')).toEqual(tbf('1000000bit', '32768b', '294912b'));
    expect(tbfWords(10e9, 0, 'host')).toEqual(tbf('10000000000bit', '1250000b', '81250000b'));
    expect(tbfWords(1e9, 0, 'proxied port')).toEqual(tbf('1000000000bit', '500000b', '8888608b'));
  });
});
