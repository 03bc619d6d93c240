import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import { expectSameBits, expectSameRun } from '../support/bits.js';
import { denoiseOn, type TestCluster } from '../support/cluster.js';
import { type DenoiseSettings, type DenoiseSubject, runDistributed } from '../support/denoise-settings.js';
import { plainRun } from '../support/plain-run.js';
import type { Reference } from '../support/reference.js';
import { SmallCluster } from '../support/small-cluster.js';
import { SMALL_CUTS, smallInputs } from '../support/small-predictor.js';

const T = 9;
const GUIDED = { numInferenceSteps: T, guidanceScale: 2 };
const CUT = [SMALL_CUTS[0] as string];
let small: SmallCluster;
let cluster: TestCluster;
let subject: DenoiseSubject;
let reference: Reference;

beforeAll(async () => {
  small = await SmallCluster.start(true, [], 4);
  ({ cluster, subject, reference } = small);
});
afterAll(() => small?.stop());

describe('with guidance split the distributed run equals the reference, and the unsplit run, bit for bit', () => {
  const cases: readonly (Omit<DenoiseSettings, 'numInferenceSteps'> & { readonly workers: number })[] = [
    { workers: 2, components: 1 },
    { workers: 1, components: 1 },
    { workers: 4, components: 2, cuts: CUT, tolerance: 'off' },
    // Two halves of a component on one worker, the others apart.
    { workers: 3, components: 2, cuts: CUT, tolerance: 'off' },
    { workers: 4, components: 2, cuts: CUT },
    { workers: 4, components: 2, cuts: CUT, lookAhead: 'off', warmUp: 2 },
    { workers: 4, components: 2, cuts: CUT, stride: 2, lag: 2, tolerance: 'off', dataPath: 'relay' },
    { workers: 4, components: 2, cuts: SMALL_CUTS.slice(0, 2), shape: 'u-shaped', tolerance: 'off' },
    // Two runs of component N at a time, of either half.
    { workers: 4, components: 1, stride: 2, lookAhead: 'off', warmUp: 1 },
    { workers: 4, components: 2, cuts: CUT, wireDtype: 'float16', microCuts: 2, tolerance: 'off' },
  ];
  it.each(cases.map((settings) => [JSON.stringify(settings), settings] as const))(
    '%s',
    async (_name, { workers: maxWorkers, ...settings }) => {
      const all = { ...GUIDED, ...settings };
      const split = await runDistributed(cluster.client, subject, {
        ...all,
        guidanceSplit: 'on',
        maxWorkers,
      });
      expectSameRun(split, await reference.run({ ...all, guidanceSplit: 'on' }));
      expectSameRun(split, await reference.run({ ...all, guidanceSplit: 'off' }));
      const { report } = split.done!;
      expect(report.settings).toMatchObject({ guidanceSplit: 'on', components: settings.components });
      expect(report.workers).toHaveLength(maxWorkers);
    },
  );

  it('one component on two workers: the untouched model', async () => {
    const split = await runDistributed(cluster.client, subject, {
      ...GUIDED,
      components: 1,
      guidanceSplit: 'on',
    });
    expectSameRun(split, await plainRun(subject, T, GUIDED));
  });
});

it('with micro-batches each half has half of them', async () => {
  const batch = ['sample', 'encoder_hidden_states'].map((name) => {
    const tensor = subject.inputs[name] as Tensor;
    const [rows = 1, ...dims] = tensor.dims;
    const data = new Float32Array([...(tensor.data as Float32Array), ...(tensor.data as Float32Array)]);
    return [name, { ...tensor, dims: [2 * rows, ...dims], data }];
  });
  const two = { ...subject, inputs: Object.fromEntries(batch) as DenoiseSubject['inputs'] };
  const settings = { ...GUIDED, components: 2, cuts: CUT, warmUp: T, microBatches: 4 };
  const split = await runDistributed(cluster.client, two, { ...settings, guidanceSplit: 'on' });
  expectSameRun(split, await plainRun(two, T, { ...GUIDED, microBatches: 4 }));
});

it.each([
  ['no guidance', { numInferenceSteps: T }, false, 'without guidance there is one half only'],
  ['an odd number of micro-batches', { ...GUIDED, microBatches: 3 }, true, 'each half of the batch'],
])('refuses %s', async (_name, settings, guided, message) => {
  const other = { ...subject, inputs: smallInputs(guided) };
  await expect(
    runDistributed(cluster.client, other, { ...settings, guidanceSplit: 'on' }),
  ).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining(message),
    hint: expect.stringContaining('--guidance-split'),
  });
});

it('a worker lost in mid-run: the job goes on with the others, and the bits stay', async () => {
  const steps = 60;
  const { modelSha256, schedulerConfig, inputs } = subject;
  const warnings: string[] = [];
  const plan = { components: 1, guidanceSplit: 'on', maxWorkers: 2 } as const;
  const { done } = await denoiseOn(
    cluster.client,
    { ...GUIDED, modelSha256, schedulerConfig, inputs, numInferenceSteps: steps, sendSteps: true, plan },
    (event) => {
      if (event.type === 'warning') warnings.push(event.message);
      if (event.type === 'step' && event.step === 20) cluster.workers[1]?.kill('SIGKILL');
    },
  );
  expect(warnings).toEqual([expect.stringContaining('a worker was lost; going on with 2')]);
  expect(done.report.settings.guidanceSplit).toBe('on');
  expectSameBits(done.latents, (await plainRun(subject, steps, GUIDED)).latents, 'final latents');
});

it('a worker lost of two components in either half: as a reference that does the same', async () => {
  const settings = { ...GUIDED, numInferenceSteps: 40, components: 2, cuts: CUT, tolerance: 'off' } as const;
  const { guidanceScale, numInferenceSteps, ...plan } = settings;
  const { modelSha256, schedulerConfig, inputs } = subject;
  const request = { modelSha256, schedulerConfig, inputs, guidanceScale, numInferenceSteps };
  const eps: Tensor[] = [];
  const before: Tensor[] = [];
  let resumedAt = -1;
  let warnings = 0;
  const { done } = await denoiseOn(
    cluster.client,
    { ...request, sendSteps: true, plan: { ...plan, guidanceSplit: 'on' } },
    (event) => {
      if (event.type === 'warning') warnings += 1;
      if (event.type !== 'step') return;
      if (warnings > 0 && resumedAt < 0) resumedAt = event.step;
      eps[event.step] = event.eps;
      before[event.step] = event.latents;
      if (event.step === 15) cluster.workers[2]?.kill('SIGKILL');
    },
  );
  expect(done.report).toMatchObject({ restarts: 1, settings: { guidanceSplit: 'on', components: 2 } });
  expect(resumedAt).toBeGreaterThan(15);
  const tail = await reference.run(settings, { firstStep: resumedAt, latents: before, eps });
  expectSameBits(done.latents, tail.latents, 'final latents');
});
