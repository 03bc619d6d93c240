import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledSubject } from '../support/bundled-subject.js';
import { bytesOf, expectSameRun, maxAbsDifference } from '../support/bits.js';
import type { TestCluster } from '../support/cluster.js';
import { type DenoiseSettings, type DenoiseSubject, runDistributed } from '../support/denoise-settings.js';
import { plainRun } from '../support/plain-run.js';
import { Reference } from '../support/reference.js';
import { SmallCluster } from '../support/small-cluster.js';
import { smallCuts, smallInputs, smallScheduler } from '../support/small-predictor.js';

const T = 7;
let small: SmallCluster;
/** Its workers know nothing of shared memory. */
let apart: SmallCluster;
let cluster: TestCluster;
let subject: DenoiseSubject;
let reference: Reference;

beforeAll(async () => {
  small = await SmallCluster.start();
  apart = await SmallCluster.start(false, ['--shared-memory', 'off']);
  ({ cluster, subject, reference } = small);
});
afterAll(async () => {
  await small?.stop();
  await apart?.stop();
});

function named(settings: Omit<DenoiseSettings, 'numInferenceSteps'>): string {
  return JSON.stringify(settings).replaceAll('"', '').slice(1, -1);
}

describe('the distributed run equals the reference bit for bit', () => {
  // Every pair of components, stride and warm-up; all of them together are held by the properties of the program (test/program).
  const grid = (
    [
      [1, 1, 1],
      [1, 3, 3],
      [2, 1, 1],
      [2, 2, 3],
      [2, 3, T],
      [3, 1, 3],
      [3, 2, T],
      [3, 3, 1],
      [4, 1, T],
      [4, 2, 1],
      [4, 3, 3],
    ] as const
  ).map(([components, stride, warmUp]) => ({
    lookAhead: 'off' as const,
    components,
    stride,
    warmUp,
    cuts: smallCuts(components),
  }));
  it.each(grid.map((settings) => [named(settings), settings] as const))('%s', async (_name, settings) => {
    const all = { ...settings, numInferenceSteps: T };
    const distributed = await runDistributed(cluster.client, subject, all);
    expectSameRun(distributed, await reference.run(all));
    expect(distributed.done?.report).toMatchObject({
      settings: {
        components: settings.components,
        stride: settings.stride,
        warmUp: settings.warmUp,
      },
      rounds: settings.warmUp + Math.ceil((T - settings.warmUp) / settings.stride),
    });
  });

  const variants: Omit<DenoiseSettings, 'numInferenceSteps'>[] = (
    [
      { components: 2, timeShift: true },
      { components: 3, warmUp: 2, stride: 2, timeShift: true, recompute: 'on' },
      { components: 2, warmUp: 2, lag: 2, recompute: 'on' },
      { components: 3, lag: 2, microCuts: 2 },
      { components: 2, microCuts: 3, stride: 2, recompute: 'on' },
      { components: 3, microCuts: 3, shape: 'u-shaped' },
      { components: 2, wireDtype: 'float16' },
      { components: 3, wireDtype: 'float16', lag: 2, stride: 2, recompute: 'on' },
      { components: 2, dataPath: 'relay', microCuts: 2, shape: 'u-shaped', recompute: 'on' },
      { components: 3, dataPath: 'relay', stride: 2, timeShift: true },
      { components: 2, optimizationLevel: 'basic' },
      { components: 2, optimizationLevel: 'all', shape: 'u-shaped' },
    ] as const
  ).map((settings) => ({
    lookAhead: 'off' as const,
    warmUp: 1,
    microCuts: 1,
    cuts: smallCuts(settings.components, 'shape' in settings ? settings.shape : 'sequential'),
    ...settings,
  }));
  // Cut by the planner.
  variants.push(
    { lookAhead: 'off', components: 2, warmUp: 1 },
    { lookAhead: 'off', components: 3, warmUp: 1, lag: 'auto', microCuts: 'auto' },
  );
  it.each(variants.map((settings) => [named(settings), settings] as const))('%s', async (_name, settings) => {
    const all = { ...settings, numInferenceSteps: T };
    // As many workers as components: what a reference is planned for.
    const placed = { ...all, maxWorkers: settings.components as number };
    const distributed = await runDistributed(cluster.client, subject, placed);
    expect(distributed.planId).toMatch(/^[0-9a-f]{16}$/);
    expectSameRun(distributed, await reference.run(all));
  });

  // Small tensors of workers on one host do not pass the network otherwise.
  it.each(variants.filter((_, at) => at % 3 === 0).map((settings) => [named(settings), settings] as const))(
    'without shared memory: %s',
    async (_name, settings) => {
      const all = { ...settings, numInferenceSteps: T, maxWorkers: settings.components as number };
      const distributed = await runDistributed(apart.cluster.client, apart.subject, all);
      // Its own plan: workers of another cluster.
      expectSameRun(distributed, await apart.reference.run({ ...settings, numInferenceSteps: T }));
    },
  );

  // The worker that holds component N runs the sampler: ones that scale the model's input, remember steps, call the model more
  // often than once a step, and draw noise (by number, and from a Brownian path).
  it.each([
    'EulerDiscreteScheduler',
    'DPMSolverMultistepScheduler',
    'UniPCMultistepScheduler',
    'PNDMScheduler',
    'HeunDiscreteScheduler',
    'EulerAncestralDiscreteScheduler',
    'DPMSolverSDEScheduler',
  ])('%s', async (className) => {
    const other = { ...subject, schedulerConfig: smallScheduler(className) };
    const elsewhere = new Reference(other);
    for (const shape of ['sequential', 'u-shaped'] as const) {
      const cuts = smallCuts(2, shape);
      const all = { components: 2, warmUp: 1, stride: 2, shape, cuts, numInferenceSteps: T };
      const distributed = await runDistributed(cluster.client, other, { ...all, maxWorkers: 2 });
      expectSameRun(distributed, await elsewhere.run(all));
    }
    await elsewhere.close();
  });

  it.each([
    ['one worker holds all three components', 1, 'direct'],
    ['two workers share three components', 2, 'direct'],
    ['two workers share three components, relayed', 2, 'relay'],
  ] as const)('%s', async (_name, maxWorkers, dataPath) => {
    const all: DenoiseSettings = {
      numInferenceSteps: T,
      components: 3,
      cuts: smallCuts(3),
      warmUp: 1,
      stride: 2,
      microCuts: 2,
    };
    expectSameRun(
      await runDistributed(cluster.client, subject, { ...all, maxWorkers, dataPath }),
      await reference.run(all),
    );
  });
});

describe('the bundled U-Net, whose conv_in every component that reads it computes', () => {
  const cuts = ['/up_blocks.1/resnets.0/Add_3_output_0'];
  const common = { numInferenceSteps: 6, components: 2, cuts, warmUp: 1 };
  let unet: DenoiseSubject;
  let itsReference: Reference;

  beforeAll(async () => {
    unet = await bundledSubject(cluster.client, subject.workDir);
    itsReference = new Reference(unet);
  });
  afterAll(() => itsReference?.close());

  it.each([
    { recompute: 'on', stride: 1, maxWorkers: 2 },
    { recompute: 'on', stride: 2, maxWorkers: 2 },
    // With look-ahead replicas read predicted latents: another program than the reference's, which is planned for none.
    { recompute: 'on', stride: 2, maxWorkers: 3, dataPath: 'relay', lookAhead: 'off' },
    { recompute: 'on', stride: 1, lag: 2, maxWorkers: 2 },
  ] as const)('equals the reference bit for bit: %o', async (settings) => {
    const all = { ...common, ...settings };
    const distributed = await runDistributed(cluster.client, unet, all);
    expectSameRun(distributed, await itsReference.run(all));
    expect(distributed.done?.report.settings.recompute).toBe('on');
  });

  it('is nearer to the sequential run than with a stale one, and moves less', async () => {
    const run = (recompute: 'on' | 'off') => runDistributed(cluster.client, unet, { ...common, recompute });
    const [on, off] = [await run('on'), await run('off')];
    const exact = await runDistributed(cluster.client, unet, { numInferenceSteps: 6, components: 1 });
    expect(maxAbsDifference(on.latents, exact.latents)).toBeLessThan(
      maxAbsDifference(off.latents, exact.latents),
    );
    expect(on.done?.report.bytesBetweenWorkers).toBeLessThan(off.done?.report.bytesBetweenWorkers ?? 0);
    // Named cuts repeat what other systems did, where all that crosses is stale.
    const { planId, done } = await runDistributed(cluster.client, unet, common);
    expect([planId, done?.report.settings.recompute]).toEqual([off.planId, 'off']);
  });
});

it('gives the same bits each time', async () => {
  const settings: DenoiseSettings = {
    numInferenceSteps: T,
    components: 3,
    warmUp: 1,
    stride: 2,
    cuts: smallCuts(3),
  };
  const first = await runDistributed(cluster.client, subject, settings);
  for (let again = 0; again < 3; again++)
    expectSameRun(await runDistributed(cluster.client, subject, settings), first);
});

it('stale inputs change the result, so that the comparisons above mean something', async () => {
  const settings: DenoiseSettings = { numInferenceSteps: T, components: 2, cuts: ['middle'] };
  const stale = await runDistributed(cluster.client, subject, { ...settings, warmUp: 1 });
  const fresh = await runDistributed(cluster.client, subject, { ...settings, warmUp: T });
  expect(bytesOf(stale.latents).equals(bytesOf(fresh.latents))).toBe(false);
});

describe('with w = T the run equals the plain model in ONNX Runtime', () => {
  it.each([
    { components: 1, warmUp: T },
    { components: 3, warmUp: T, stride: 2, cuts: smallCuts(3) },
    { components: 4, warmUp: T, microCuts: 2, cuts: smallCuts(4) },
    { components: 2, warmUp: T, guidanceScale: 4.5 },
  ])('%o', async (settings) => {
    const inputs = smallInputs('guidanceScale' in settings);
    const run = await runDistributed(
      cluster.client,
      { ...subject, inputs },
      { ...settings, numInferenceSteps: T },
    );
    expectSameRun(
      run,
      await plainRun({ ...subject, inputs }, T, { guidanceScale: settings.guidanceScale ?? 1 }),
    );
  });

  it('as does one component with any warm-up', async () => {
    const settings = { numInferenceSteps: T, components: 1, warmUp: 1 };
    expectSameRun(await runDistributed(cluster.client, subject, settings), await plainRun(subject, T));
  });
});
