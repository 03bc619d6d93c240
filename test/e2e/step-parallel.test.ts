import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import { bytesOf, expectSameBits, expectSameRun } from '../support/bits.js';
import { denoiseOn } from '../support/cluster.js';
import { runDistributed } from '../support/denoise-settings.js';
import { plainRun } from '../support/plain-run.js';
import { Reference } from '../support/reference.js';
import { SmallCluster } from '../support/small-cluster.js';
import { smallScheduler } from '../support/small-predictor.js';

const T = 9;
let small: SmallCluster;
beforeAll(async () => {
  small = await SmallCluster.start();
});
afterAll(() => small?.stop());

describe('the whole predictor on every worker, a step each', () => {
  it.each([2, 3])(
    '%d workers: equal to the reference bit for bit, and nothing but latents travels',
    async (w) => {
      const settings = { stepParallel: w, numInferenceSteps: T, tolerance: 'off' } as const;
      const run = await runDistributed(small.cluster.client, small.subject, settings);
      expectSameRun(run, await small.reference.run(settings));
      const { report } = run.done!;
      expect(report).toMatchObject({ bytesBetweenWorkers: 0, cuts: [] });
      expect(report.settings).toMatchObject({ components: 1, stride: w, stepParallel: w });
      expect(report.workers.map(({ components }) => components)).toEqual(
        Array.from({ length: w }, () => [1]),
      );
      const sequential = await plainRun(small.subject, T);
      expect(bytesOf(run.latents).equals(bytesOf(sequential.latents))).toBe(false);
    },
  );

  it('a sampler with fresh noise, more steps asked for than there are workers', async () => {
    const subject = { ...small.subject, schedulerConfig: smallScheduler('EulerAncestralDiscreteScheduler') };
    const settings = { stepParallel: 4, maxWorkers: 2, numInferenceSteps: T, tolerance: 'off' } as const;
    const run = await runDistributed(small.cluster.client, subject, settings);
    expect(run.done?.report.settings).toMatchObject({ stride: 2, stepParallel: 2 });
    const reference = new Reference(subject);
    expectSameRun(run, await reference.run(settings));
    await reference.close();
  });

  it('where the latents drift, a step in order, also within a round', async () => {
    const settings = { stepParallel: 3, numInferenceSteps: 12, tolerance: 0.01, warmUp: 2, end: 0 } as const;
    const run = await runDistributed(small.cluster.client, small.subject, settings);
    const { heldSteps, drifts, inOrderSteps } = run.done!.report;
    expect(heldSteps.length).toBeGreaterThan(0);
    for (const step of heldSteps) expect(drifts[step]).toBeGreaterThan(0.01);
    // Nothing that was computed on latents further off than that has been used.
    for (const [step, drift] of drifts.entries())
      if (step < 12 && !inOrderSteps.includes(step)) expect(drift).toBeLessThanOrEqual(0.01);
    expectSameRun(run, await small.reference.run(settings));
    const again = { ...settings, tolerance: 'off', inOrder: inOrderSteps.map(String) } as const;
    expectSameBits((await small.reference.run(again)).latents, run.latents, 'of the same steps in order');
  });

  it('w = T, and one worker alone, are the sequential run', async () => {
    const sequential = await plainRun(small.subject, T);
    for (const settings of [{ warmUp: T }, { maxWorkers: 1, tolerance: 'off' }] as const) {
      const all = { stepParallel: 3, numInferenceSteps: T, ...settings };
      const run = await runDistributed(small.cluster.client, small.subject, all);
      expectSameBits(run.latents, sequential.latents, 'final latents');
    }
  });

  it('goes on without a worker that is lost, as a reference that does the same', async () => {
    const many = 40;
    const settings = { stepParallel: 2, maxWorkers: 2, tolerance: 'off', warmUp: 2, end: 1 } as const;
    const eps: Tensor[] = [];
    const before: Tensor[] = [];
    let resumedAt = -1;
    let warnings = 0;
    let driftSum = 0;
    const { modelSha256, schedulerConfig, inputs } = small.subject;
    const { done } = await denoiseOn(
      small.cluster.client,
      { modelSha256, schedulerConfig, inputs, numInferenceSteps: many, sendSteps: true, plan: settings },
      (event) => {
        if (event.type === 'warning') {
          warnings += 1;
          // The step at which the job goes on runs in order: its drift counts no more.
          driftSum = 0;
        }
        if (event.type === 'progress') {
          expect(event.speedup).toBeGreaterThan(0);
          expect(event.stepsPerSecond).toBeGreaterThan(0);
          expect(event.secondsLeft).toBeGreaterThanOrEqual(0);
          expect(event.driftSum).toBeGreaterThanOrEqual(driftSum);
          driftSum = event.driftSum ?? 0;
        }
        if (event.type !== 'step') return;
        if (warnings > 0 && resumedAt < 0) resumedAt = event.step;
        eps[event.step] = event.eps;
        before[event.step] = event.latents;
        if (event.step === 8) small.cluster.workers[1]?.kill('SIGKILL');
      },
    );
    expect(done.report.restarts).toBe(1);
    expect(done.report.programChanges).toBe(0);
    expect(resumedAt).toBeGreaterThan(8);
    const all = { ...settings, numInferenceSteps: many };
    const head = await small.reference.run(all);
    for (let step = 0; step < resumedAt; step++)
      expectSameBits(eps[step] as Tensor, head.eps[step] as Tensor, `step ${step}, before the loss`);
    const tail = await small.reference.run(all, { firstStep: resumedAt, latents: before, eps });
    for (let step = resumedAt; step < many; step++)
      expectSameBits(eps[step] as Tensor, tail.eps[step] as Tensor, `step ${step}, after the loss`);
    expectSameBits(done.latents, tail.latents, 'final latents');
  });
});
