import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/package.js';
import {
  chosenSettings,
  entriesOf,
  errorLimit,
  environmentName,
  flagName,
  PLAN_SETTINGS,
  type PlanOptions,
  psnrOf,
  resolvePlanSettings,
  type SettingRow,
  snakeCase,
} from '../../../common/settings/index.js';
import { fromPlanSettingsMessage, toPlanSettingsMessage } from '../../../rpc/index.js';
import { anyOptions, fromCommandLine, overTheWire } from '../../support/plan-options.js';

const rows = entriesOf(PLAN_SETTINGS).map(([name, row]) => ({ name, row: row as SettingRow<unknown> }));

describe('the table of plan settings', () => {
  it.each(rows)('$name: has a default that it takes, and words outside its range on the wire', ({ row }) => {
    expect(row.kind.accepts(row.default)).toBe(true);
    if (row.kind.accepts('auto')) {
      const code = row.kind.toWire('auto');
      expect(code === 'auto' || !row.kind.accepts(code)).toBe(true);
      expect(row.kind.fromWire(code)).toBe('auto');
    }
    for (const text of [row.help, row.consequence, row.placeholder]) expect(text).not.toBe('');
  });

  it('is PlanSettings of the proto, each field with presence and of the type that the row says', () => {
    const proto = readFileSync(join(packageRoot, 'proto/asyncdiff/v1/coordinator.proto'), 'utf8');
    const body = /message PlanSettings \{([^}]*)\}/.exec(proto)?.[1] ?? '';
    const fields = [...body.matchAll(/^ {2}(optional|repeated) (\w+) (\w+) = \d+;/gm)].map(
      ([, presence, type, name]) => `${presence} ${type} ${name}`,
    );
    const wanted = rows.map(({ name, row: { kind } }) =>
      kind.wire === 'strings'
        ? `repeated string ${snakeCase(name)}`
        : `optional ${kind.wire} ${snakeCase(name)}`,
    );
    expect(fields.toSorted()).toEqual(wanted.toSorted());
  });
});

describe('resolvePlanSettings', () => {
  it('has every default, and leaves open what the planner chooses', () => {
    const defaults = Object.fromEntries(rows.map(({ name, row }) => [name, row.default]));
    expect(resolvePlanSettings()).toEqual({ ...defaults, stride: 'auto', stepParallel: 'auto', lag: 'auto' });
    expect(resolvePlanSettings({ maxError: 'off' })).toEqual({ ...defaults, maxError: 'off' });
    expect(resolvePlanSettings({ stride: undefined })).toEqual(resolvePlanSettings());
  });

  it('gives the same from the library, from the wire and from the command line', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const wanted = resolvePlanSettings(options);
        expect(resolvePlanSettings(overTheWire(options))).toEqual(wanted);
        const words = entriesOf(PLAN_SETTINGS).flatMap(([name, row]) => {
          const flag = `--${flagName(name, row)}`;
          const value = options[name];
          if (value === undefined || value === false) return [];
          if (value === true) return [flag];
          return [value].flat().flatMap((one) => [flag, String(one)]);
        });
        expect(resolvePlanSettings(fromCommandLine(...words))).toEqual(wanted);
      }),
    );
  });

  it('a field that is left out means the same as in the library, lag and micro_cuts among them', () => {
    expect(resolvePlanSettings(fromPlanSettingsMessage(null))).toEqual(resolvePlanSettings());
    expect(resolvePlanSettings(overTheWire({ components: 2 }))).toMatchObject({ lag: 1, microCuts: 'auto' });
  });

  it.each<[PlanOptions, string]>([
    [{}, 'auto'],
    [{ microCuts: 2, wireDtype: 'float16', recompute: 'off', tolerance: 0.1, maxWorkers: 2 }, 'auto'],
    [
      { components: 'auto', stride: 'auto', cuts: [], inOrder: [], lookAhead: 'on', timeShift: false },
      'auto',
    ],
    [{ components: 2 }, 'off'],
    [{ stride: 1 }, 'off'],
    [{ guidanceSplit: 'off' }, 'off'],
    [{ stepParallel: 2 }, 'off'],
    [{ cuts: ['middle'] }, 'off'],
    [{ lookAhead: 'off' }, 'off'],
    [{ warmUp: 3 }, 'off'],
    [{ end: 0 }, 'off'],
    [{ microBatches: 2 }, 'off'],
    [{ components: 2, maxError: 'auto' }, 'auto'],
    [{ stride: 1, maxError: '60dB' }, '60dB'],
    [{ maxError: 'off' }, 'off'],
  ])('%j: the planner chooses where nothing of the program is named, at every door', (options, maxError) => {
    expect(resolvePlanSettings(options).maxError).toBe(maxError);
    expect(resolvePlanSettings(overTheWire(options))).toEqual(resolvePlanSettings(options));
  });

  it('a bound on the error opens what is left out, and what is given is kept, at every door', () => {
    const open = {
      components: 'auto',
      stride: 'auto',
      stepParallel: 'auto',
      lag: 'auto',
      guidanceSplit: 'auto',
    };
    expect(resolvePlanSettings({ maxError: 'auto' })).toMatchObject(open);
    expect(resolvePlanSettings(overTheWire({ maxError: '60dB' }))).toMatchObject({
      ...open,
      maxError: '60dB',
    });
    const given = { maxError: '1e-5', stride: 1, lag: 1, stepParallel: 1 } as const;
    expect(resolvePlanSettings(overTheWire(given))).toMatchObject({ ...given, components: 'auto' });
    expect(resolvePlanSettings(overTheWire({ maxError: '1e-5', stepParallel: 2 }))).toMatchObject({
      components: 1,
      stride: 2,
    });
    expect(resolvePlanSettings({ stride: 'auto', stepParallel: 'auto' })).toEqual(resolvePlanSettings());
  });

  it.each([
    ['off', Number.POSITIVE_INFINITY],
    ['auto', 1.5e-5],
    ['1e-5', 1e-5],
    ['.001', 1e-3],
    ['63.5dB', 1e-5],
    ['63.5 db', 1e-5],
  ])('max_error %s', (text, limit) => {
    expect(errorLimit(text) / limit || 1).toBeCloseTo(1, 9);
    expect(psnrOf(1e-5)).toBeCloseTo(63.5, 9);
  });

  it.each([
    [{ components: 4294967295 }, 'components is 4294967295, it must be a whole number from 1 to 64, or auto'],
    [{ components: 1.5 }, 'components is 1.5,'],
    [{ components: -1 }, 'components is -1,'],
    [{ components: Number.NaN }, 'components is NaN,'],
    [{ components: 'all' }, 'components is "all",'],
    [{ components: null }, 'components is null,'],
    [{ stride: 100_000 }, 'stride is 100000, it must be a whole number from 1 to 64, or auto'],
    [
      { maxError: '2' },
      'max_error is "2", it must be an error from 1e-12 to 1, a PSNR from 13.5dB to 133.5dB, auto or off',
    ],
    [{ maxError: '60 decibels' }, 'max_error is "60 decibels"'],
    [{ maxError: '500dB' }, 'max_error is "500dB"'],
    [{ lag: 3 }, 'lag is 3, it must be 1, 2 or auto'],
    [{ microCuts: 17 }, 'micro_cuts is 17'],
    [{ dataPath: 'pigeon' }, 'data_path is "pigeon", it must be direct or relay'],
    [{ wireDtype: '' }, 'wire_dtype is "", it must be float32 or float16'],
    [{ cuts: ['a\u001b[31m'] }, 'cuts is ["a\\u001b[31m"], it must be at most 64 names'],
    [{ cuts: Array.from({ length: 65 }, () => 'x') }, 'cuts is ['],
    [{ timeShift: 'on' }, 'time_shift is "on", it must be on or off'],
  ])('refuses %o, with the range and what was given', (options, text) => {
    const [name] = Object.keys(options) as [keyof typeof PLAN_SETTINGS];
    const flag = `(--${flagName(name, PLAN_SETTINGS[name])}, ${environmentName(name, PLAN_SETTINGS[name])})`;
    for (const door of [resolvePlanSettings, toPlanSettingsMessage]) {
      expect(() => door(options as never)).toThrowError(
        expect.objectContaining({ code: 'invalid_settings', rawMessage: expect.stringContaining(text) }),
      );
      expect(() => door(options as never)).toThrowError(flag);
    }
  });

  it('takes step-parallel as one component and as many steps a round, again and again the same', () => {
    const wanted = { stepParallel: 3, components: 1, stride: 3 };
    for (const options of [{ stepParallel: 3 }, wanted, { stepParallel: 3, stride: 3 }]) {
      expect(resolvePlanSettings(options)).toMatchObject(wanted);
      expect(resolvePlanSettings(overTheWire(options))).toMatchObject(wanted);
    }
  });

  it.each([
    [{ components: 2 }, 'components is 2, which cuts it', '--components'],
    [{ cuts: ['middle'] }, 'cut or shape ask for a cut predictor', '--cut'],
    [{ shape: 'u-shaped' as const }, 'cut or shape ask for a cut predictor', '--shape'],
    [{ stride: 2 }, 'which is the number of steps a round, and stride is 2', '--stride'],
    [{ lookAhead: 'off' as const }, 'look_ahead is off', '--look-ahead off'],
  ])('refuses step-parallel with %o, with the setting to change', (options, why, flag) => {
    expect(() => resolvePlanSettings({ stepParallel: 3, ...options })).toThrowError(
      expect.objectContaining({
        code: 'invalid_settings',
        rawMessage: expect.stringContaining(why),
        hint: expect.stringContaining(flag),
      }),
    );
  });

  it('refuses more warm-up than there are steps, and settings that do not exist', () => {
    expect(() => resolvePlanSettings({ warmUp: 51 }, { numInferenceSteps: 50 })).toThrowError(
      /warm_up is 51, it must be a whole number from 1 to num_inference_steps \(50\)/,
    );
    expect(() => resolvePlanSettings({ strides: 2 } as never)).toThrowError(/there is no setting "strides"/);
  });
});

it('a toggle from the environment is what it says, and the flag wins', () => {
  const read = (value: string, ...words: string[]) => {
    process.env['ASYNCDIFF_TIME_SHIFT'] = value;
    try {
      return fromCommandLine(...words).timeShift;
    } finally {
      delete process.env['ASYNCDIFF_TIME_SHIFT'];
    }
  };
  expect([read('on'), read('0'), read('0', '--time-shift')]).toEqual([true, false, true]);
  expect(() => read('maybe')).toThrowError(/time_shift is "maybe"/);
});

it('settings that a job ran with say auto nowhere', () => {
  const all = {
    components: 2,
    guidanceSplit: 'off',
    warmUp: 3,
    end: 0,
    laggedCut: 0,
    tolerance: 0.03,
    shape: 'sequential',
    microCuts: 1,
    recompute: 'on',
    recut: 'off',
    maxWorkers: 2,
  } as const;
  expect(chosenSettings(resolvePlanSettings(all)).components).toBe(2);
  expect(() => chosenSettings(resolvePlanSettings())).toThrowError(/what was chosen for components/);
});
