import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32 } from '../../common/tensor/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import { expectSameRun } from '../support/bits.js';
import type { TestCluster } from '../support/cluster.js';
import { type DenoiseSettings, type DenoiseSubject, runDistributed } from '../support/denoise-settings.js';
import { plainRun } from '../support/plain-run.js';
import type { Reference } from '../support/reference.js';
import { SmallCluster } from '../support/small-cluster.js';
import { smallCuts, smallInputs } from '../support/small-predictor.js';

const T = 7;
const GUIDED = { numInferenceSteps: T, guidanceScale: 2 };
let small: SmallCluster;
let cluster: TestCluster;
let subject: DenoiseSubject;
let reference: Reference;

beforeAll(async () => {
  small = await SmallCluster.start(true);
  ({ cluster, subject, reference } = small);
});
afterAll(() => small?.stop());

describe('in two micro-batches the distributed run equals the reference bit for bit', () => {
  const cases: Omit<DenoiseSettings, 'numInferenceSteps'>[] = [
    { components: 1, warmUp: 1 },
    { components: 2, warmUp: 1, cuts: smallCuts(2) },
    { components: 2, warmUp: 2, shape: 'u-shaped', cuts: smallCuts(2, 'u-shaped'), recompute: 'on' },
    { components: 2, warmUp: 1, stride: 2, microCuts: 2, cuts: smallCuts(2), recompute: 'on' },
    // With look-ahead replicas read predicted latents: another program than the reference's, which is planned for none.
    { components: 2, warmUp: 1, stride: 2, maxWorkers: 3, lookAhead: 'off', cuts: smallCuts(2) },
    { components: 3, warmUp: 3, lag: 2, microCuts: 2, cuts: smallCuts(3) },
    {
      components: 3,
      warmUp: 1,
      shape: 'u-shaped',
      cuts: smallCuts(3, 'u-shaped'),
      microCuts: 3,
      timeShift: true,
      lookAhead: 'off',
    },
    { components: 3, warmUp: 1, wireDtype: 'float16', dataPath: 'relay', cuts: smallCuts(3) },
    { components: 3, warmUp: 1, cuts: smallCuts(3), maxWorkers: 2 },
    // Cut by the planner.
    { components: 3, warmUp: 1 },
  ];
  it.each(cases.map((settings) => [JSON.stringify(settings), settings] as const))(
    '%s',
    async (_name, settings) => {
      const all = { ...GUIDED, ...settings, microBatches: 2 };
      const distributed = await runDistributed(cluster.client, subject, {
        maxWorkers: settings.components,
        ...all,
      });
      expectSameRun(distributed, await reference.run(all));
      expect(distributed.done?.report.settings.microBatches).toBe(2);
    },
  );
});

it('with w = T equals the untouched model run on each half of the batch', async () => {
  const settings = { ...GUIDED, components: 3, warmUp: T, microBatches: 2, cuts: smallCuts(3) };
  const plain = await plainRun(subject, T, { ...GUIDED, microBatches: 2 });
  expectSameRun(await runDistributed(cluster.client, subject, settings), plain);
});

it('divides a batch of two images with guidance in four', async () => {
  const two = {
    ...subject,
    inputs: {
      sample: float32(new TorchGenerator(3).randn([2, 4, 8, 8]).data as Float32Array, [2, 4, 8, 8]),
      encoder_hidden_states: float32(new TorchGenerator(4).randn([4, 5, 6]).data as Float32Array, [4, 5, 6]),
    },
  };
  const settings = { ...GUIDED, components: 3, warmUp: T, microBatches: 4, cuts: smallCuts(3) };
  const plain = await plainRun(two, T, { ...GUIDED, microBatches: 4 });
  expectSameRun(await runDistributed(cluster.client, two, settings), plain);
});

it.each([
  ['one row', { numInferenceSteps: T, microBatches: 2 }, smallInputs(), 'a batch of 1 cannot be divided'],
  ['two rows in three', { ...GUIDED, microBatches: 3 }, smallInputs(true), 'a batch of 2 cannot be divided'],
  ['far too many', { ...GUIDED, microBatches: 65 }, smallInputs(true), 'must be a whole number from 1 to 64'],
])('refuses %s', async (_name, settings, inputs, message) => {
  await expect(runDistributed(cluster.client, { ...subject, inputs }, settings)).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining(message),
  });
});
