import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, expectSameBits, expectSameRun } from '../support/bits.js';
import { type DenoiseSettings, runDistributed } from '../support/denoise-settings.js';
import { plainRun } from '../support/plain-run.js';
import { Reference } from '../support/reference.js';
import { SmallCluster } from '../support/small-cluster.js';
import { SMALL_CUTS, smallScheduler } from '../support/small-predictor.js';

const T = 9;
let small: SmallCluster;
beforeAll(async () => {
  small = await SmallCluster.start();
});
afterAll(() => small?.stop());

type Settings = Omit<DenoiseSettings, 'numInferenceSteps'>;
const named = (settings: object) => JSON.stringify(settings).replaceAll('"', '').slice(1, -1);
const cutsOf = (components: number) => SMALL_CUTS.slice(0, components - 1);

describe('components that look ahead, on workers: equal to the reference bit for bit', () => {
  const cases: Settings[] = [
    { cuts: cutsOf(2) },
    { cuts: cutsOf(3), warmUp: 1, end: 0 },
    { cuts: cutsOf(4), stride: 2 },
    { cuts: cutsOf(3), stride: 3, lag: 2 },
    { cuts: cutsOf(2), lag: 2, inOrder: ['4'], wireDtype: 'float16', stride: 2 },
    { components: 3, shape: 'u-shaped', microCuts: 2 },
    { components: 2, shape: 'u-shaped', stride: 2, warmUp: 1, dataPath: 'relay' },
  ];
  it.each(cases.map((settings) => [named(settings), settings] as const))('%s', async (_name, settings) => {
    const all: DenoiseSettings = { tolerance: 'off', ...settings, numInferenceSteps: T };
    const placed = {
      ...all,
      maxWorkers: (settings.components as number | undefined) ?? settings.cuts!.length + 1,
    };
    const { client } = small.cluster;
    expectSameRun(await runDistributed(client, small.subject, placed), await small.reference.run(all));
  });

  it('replicas of component N: the coordinator predicts for all', async () => {
    const settings = {
      cuts: cutsOf(2),
      stride: 2,
      maxWorkers: 3,
      numInferenceSteps: T,
      tolerance: 'off',
    } as const;
    const run = await runDistributed(small.cluster.client, small.subject, settings);
    expect(run.done?.report.workers).toHaveLength(3);
    expectSameRun(run, await small.reference.run(settings));
    const alone = await small.reference.run({ ...settings, maxWorkers: 2 });
    expect(bytesOf(run.latents).equals(bytesOf(alone.latents))).toBe(false);
  });

  it('replicas of a U-shaped component N, a step at a time where the latents drift', async () => {
    const settings = {
      components: 2,
      shape: 'u-shaped',
      stride: 2,
      maxWorkers: 3,
      numInferenceSteps: 12,
      tolerance: 0.01,
    } as const;
    const run = await runDistributed(small.cluster.client, small.subject, settings);
    expect(run.done?.report.heldSteps.length).toBeGreaterThan(0);
    expectSameRun(run, await small.reference.run(settings));
  });

  it('where the latents drift, a step in order: the same ones, wherever the sampler runs', async () => {
    const all = { cuts: cutsOf(2), numInferenceSteps: 12, tolerance: 0.01, warmUp: 2, end: 1 } as const;
    const run = await runDistributed(small.cluster.client, small.subject, { ...all, maxWorkers: 2 });
    expectSameRun(run, await small.reference.run(all));
    const { report } = run.done!;
    expect(report.heldSteps.length).toBeGreaterThan(0);
    expect(report.inOrderSteps).toEqual(
      [...new Set([0, 1, 11, ...report.heldSteps])].toSorted((a, b) => a - b),
    );
    for (const step of report.heldSteps) expect(report.drifts[step]).toBeGreaterThan(0.01);
    expect(report.notes[0]).toContain('steps were made in order');
    // The same steps, asked for: the same bits.
    const replay = {
      ...all,
      tolerance: 'off',
      inOrder: report.heldSteps.map(String),
      maxWorkers: 2,
    } as const;
    const again = await runDistributed(small.cluster.client, small.subject, replay);
    expectSameBits(again.latents, run.latents, 'final latents');
  });

  it('where nothing can be predicted, all steps in order: the untouched model, and it says so', async () => {
    const all = { cuts: cutsOf(3), numInferenceSteps: T, tolerance: 1e-4 } as const;
    const { latents, done } = await runDistributed(small.cluster.client, small.subject, all);
    expectSameBits(latents, (await plainRun(small.subject, T)).latents, 'final latents');
    expect(done?.report.inOrderSteps).toHaveLength(T);
    expect(done?.report.notes[0]).toMatch(/steps were made in order .*more workers hardly help here/);
  });

  it('may cost no more speed than is allowed', async () => {
    const all = {
      cuts: cutsOf(2),
      numInferenceSteps: 12,
      tolerance: 0.01,
      maxSpeedLoss: 0,
      maxWorkers: 2,
    } as const;
    const { done } = await runDistributed(small.cluster.client, small.subject, all);
    expect(done?.report.heldSteps).toEqual([]);
  });

  it('w = T is the untouched model', async () => {
    const all = { cuts: cutsOf(3), warmUp: T, numInferenceSteps: T };
    const run = await runDistributed(small.cluster.client, small.subject, all);
    expectSameBits(run.latents, (await plainRun(small.subject, T)).latents, 'final latents');
  });

  it('another sampler, and another picture than without', async () => {
    const subject = { ...small.subject, schedulerConfig: smallScheduler('EulerDiscreteScheduler') };
    const elsewhere = new Reference(subject);
    const all = { cuts: cutsOf(3), numInferenceSteps: T, tolerance: 'off' } as const;
    const run = await runDistributed(small.cluster.client, subject, all);
    expectSameRun(run, await elsewhere.run(all));
    const off = await elsewhere.run({ ...all, lookAhead: 'off' });
    expect(bytesOf(run.latents).equals(bytesOf(off.latents))).toBe(false);
    await elsewhere.close();
  });
});
