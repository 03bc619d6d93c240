import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { configPlan, parseConfigs, sequentialPlan, workersWanted } from '../../../cli/bench/index.js';

it('reads components, stride and what a configuration says beyond them', () => {
  const [plain, full, auto] = parseConfigs('n2s1, n3s2w5l2m4b2f16r,n4s1lama');
  expect(plain).toEqual({ name: 'n2s1', plan: { components: 2, stride: 1 } });
  expect(full?.plan).toEqual({
    components: 3,
    stride: 2,
    warmUp: 5,
    lag: 2,
    microCuts: 4,
    microBatches: 2,
    wireDtype: 'float16',
    dataPath: 'relay',
  });
  expect(auto?.plan).toEqual({ components: 4, stride: 1, lag: 'auto', microCuts: 'auto' });
});

const NOTHING = { warmUp: undefined, lag: undefined, microCuts: undefined, microBatches: undefined };

it('reads every configuration of the grammar as what was written', () => {
  const part = (letter: string, most: number) =>
    fc.option(fc.integer({ min: 1, max: most }), { nil: undefined }).map((value) => ({
      value,
      text: value === undefined ? '' : `${letter}${value}`,
    }));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 64 }),
      part('w', 1000),
      part('l', 2),
      part('m', 16),
      part('b', 64),
      (n, s, w, l, m, b) => {
        const [config] = parseConfigs(`n${n}s${s}${w.text}${l.text}${m.text}${b.text}`);
        expect({ ...NOTHING, ...config?.plan }).toEqual({
          components: n,
          stride: s,
          warmUp: w.value,
          lag: l.value,
          microCuts: m.value,
          microBatches: b.value,
        });
        expect(workersWanted(config!)).toBe(n + s - 1);
      },
    ),
  );
});

it.each([
  ['', 'no configuration'],
  ['n2', 'cannot read "n2"'],
  ['s1', 'cannot read "s1"'],
  ['n2s1q4', 'what is "q4"'],
  ['n2s1w3w5', 'warmUp stands there twice'],
  ['nas1', 'how many components'],
  ['n2s1l3', 'lag is 3, it must be 1, 2 or auto (--lag, ASYNCDIFF_LAG)'],
  ['n0s1', 'components is 0'],
  ['n2s0', 'stride is 0'],
  ['n2s1w0', 'warm_up is 0'],
  ['n2s1m17', 'micro_cuts is 17'],
  ['n2s1,n1s1,n2s1', 'n2s1 twice'],
])('refuses %j and says why', (text, message) => {
  expect(() => parseConfigs(text)).toThrow(message);
});

const shared = {
  plan: { cuts: ['x'], lag: 1, microCuts: 'auto', wireDtype: 'float16', dataPath: 'direct', warmUp: 3 },
  workers: 3,
} as const;

it('lets a configuration go before the settings of all', () => {
  const [config] = parseConfigs('n2s2w5l2m4r');
  expect(configPlan(config!, shared)).toMatchObject({
    components: 2,
    stride: 2,
    warmUp: 5,
    lag: 2,
    microCuts: 4,
    wireDtype: 'float16',
    dataPath: 'relay',
    cuts: ['x'],
    maxWorkers: 3,
  });
});

it('uses no more workers than a configuration can, nor than there are, and named cuts only where they fit', () => {
  const plans = parseConfigs('n1s1,n5s1').map((config) => configPlan(config, shared));
  expect(plans).toMatchObject([
    { components: 1, maxWorkers: 1, cuts: [] },
    { components: 5, maxWorkers: 3, cuts: [], warmUp: 3 },
  ]);
});

it('runs sequential on one worker with nothing that could slow it down', () => {
  expect(sequentialPlan(shared)).toMatchObject({
    components: 1,
    stride: 1,
    maxWorkers: 1,
    microCuts: 1,
    lag: 1,
  });
  expect(sequentialPlan(shared)).not.toHaveProperty('wireDtype');
});
