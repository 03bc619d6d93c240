import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { createSampler, formatSchedulerConfig, parseSchedulerConfig } from '../../samplers/index.js';
import { samplerConfig as config } from '../support/sampler-config.js';

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AsyncDiffError) return error.code;
    throw error;
  }
  return 'none';
}

/** `__proto__` as a key is dropped where the config is checked, which is as well. */
const KEY = fc.string().filter((key) => key !== '__proto__');

test('formatSchedulerConfig writes what parseSchedulerConfig reads, infinities as well', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        KEY,
        fc.oneof(
          fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, true),
          fc.string(),
          fc.integer(),
        ),
      ),
      (keys) => {
        const given = { ...keys, _class_name: 'DDIMScheduler' };
        expect(parseSchedulerConfig(formatSchedulerConfig(given))).toEqual(given);
      },
    ),
  );
});

describe('parseSchedulerConfig', () => {
  test('the infinities that diffusers writes are numbers, and strings keep their insides', () => {
    const parsed = parseSchedulerConfig(
      '{"_class_name": "X", "lambda_min_clipped": -Infinity, "a": [Infinity], "note": "NaN, \\"-Infinity\\""}',
    );
    expect(parsed['lambda_min_clipped']).toBe(Number.NEGATIVE_INFINITY);
    expect(parsed['a']).toEqual([Number.POSITIVE_INFINITY]);
    expect(parsed['note']).toBe('NaN, "-Infinity"');
  });

  test('whatever JSON allows comes through unchanged', () => {
    fc.assert(
      fc.property(fc.dictionary(KEY, fc.jsonValue()), (value) => {
        const text = JSON.stringify({ ...value, _class_name: 'X' });
        expect(parseSchedulerConfig(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('a NaN where a number is needed is named', () => {
    const parsed = parseSchedulerConfig('{"_class_name": "DDIMScheduler", "beta_start": NaN}');
    expect(() => createSampler(parsed, 4)).toThrow(
      '[invalid_settings] scheduler config of DDIMScheduler: beta_start',
    );
  });

  test.each([
    ['{', 'file_unreadable'],
    ['[]', 'invalid_settings'],
    ['{}', 'invalid_settings'],
    ['{"_class_name": 3}', 'invalid_settings'],
  ])('%s is %s', (text, code) => {
    expect(codeOf(() => parseSchedulerConfig(text))).toBe(code);
  });

  test('a DPM-Solver++ config as diffusers saves it', () => {
    const text = JSON.stringify(config('DPMSolverMultistepScheduler')).replace(
      '}',
      ', "lambda_min_clipped": -Infinity}',
    );
    const parsed = parseSchedulerConfig(text);
    expect(parsed['lambda_min_clipped']).toBe(Number.NEGATIVE_INFINITY);
    expect(createSampler(parsed, 5).sigmas).toEqual(
      createSampler(config('DPMSolverMultistepScheduler'), 5).sigmas,
    );
  });
});
