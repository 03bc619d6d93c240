import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectSameRun } from '../support/bits.js';
import { denoiseOn, type TestCluster } from '../support/cluster.js';
import { type DenoiseSubject, runDistributed } from '../support/denoise-settings.js';
import type { Reference } from '../support/reference.js';
import { SmallCluster } from '../support/small-cluster.js';

let small: SmallCluster;
let cluster: TestCluster;
let subject: DenoiseSubject;
let reference: Reference;

beforeAll(async () => {
  small = await SmallCluster.start(true, [], 4);
  ({ cluster, subject, reference } = small);
});
afterAll(() => small?.stop());

it.each([
  ['mild guidance', { guidanceScale: 2, numInferenceSteps: 20, maxError: '30dB', maxWorkers: 3 }],
  ['strong guidance', { guidanceScale: 7.5, numInferenceSteps: 12, maxError: 'auto' }],
  [
    'one setting given',
    { guidanceScale: 2, numInferenceSteps: 20, maxError: '0.1', stride: 1, lag: 2 as const },
  ],
])(
  '%s: the report says what was chosen, and the reference run with that gives the same bits',
  async (_name, asked) => {
    const run = await runDistributed(cluster.client, subject, asked);
    const { settings, cuts, notes } = run.done!.report;
    expect(notes[0]).toContain('chose n');
    expect(settings).toMatchObject({
      components: expect.any(Number),
      stride: ('stride' in asked ? asked.stride : undefined) ?? expect.any(Number),
      stepParallel: expect.any(Number),
      guidanceSplit: expect.stringMatching(/^(on|off)$/),
    });
    const { components, stride, stepParallel, guidanceSplit, lag, laggedCut, shape, recompute, maxWorkers } =
      settings;
    const fixed = {
      components,
      stride,
      stepParallel,
      guidanceSplit,
      lag,
      laggedCut,
      shape,
      recompute,
      maxWorkers,
      cuts,
    };
    const { guidanceScale, numInferenceSteps } = asked;
    expectSameRun(run, await reference.run({ guidanceScale, numInferenceSteps, ...fixed }));
    // The same request again: the same plan, and the same bits.
    expectSameRun(await runDistributed(cluster.client, subject, asked), run);
  },
);

it('where nothing is named the planner chooses, says so, and another length of the same has the same plan', async () => {
  const { modelSha256, schedulerConfig, inputs } = subject;
  const told: string[] = [];
  const run = async (numInferenceSteps: number) => {
    const asked = { modelSha256, schedulerConfig, inputs, numInferenceSteps, guidanceScale: 2 };
    const { done } = await denoiseOn(cluster.client, asked, (event) => {
      if (event.type === 'planned') told.push(event.choice);
      expect(event.type).not.toBe('warning');
    });
    return done.report;
  };
  const [first, second] = [await run(20), await run(24)];
  expect(first.notes[0]).toBe(told[0]);
  expect(told[0]).toMatch(/^--max-error 1\.5e-5: chose n\d.*; not n\d/);
  expect(first.settings.maxError).toBe('0.000015');
  const { components, stride, stepParallel, guidanceSplit } = first.settings;
  expect(second.settings).toMatchObject({ components, stride, stepParallel, guidanceSplit });
  expect(second.planId).toBe(first.planId);
});

it('what cannot be within the bound is refused', async () => {
  const asked = { guidanceScale: 7.5, numInferenceSteps: 20, maxError: '1e-9', components: 4 };
  await expect(runDistributed(cluster.client, subject, asked)).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining('max_error'),
  });
});

it('a plan knows of guidance: its halves are planned, and chosen among', async () => {
  const inputShapes = Object.fromEntries(
    Object.entries(subject.inputs).map(
      ([
        name,
        {
          dims: [rows = 1, ...dims],
        },
      ]) => [name, [name === 'sample' ? 2 * rows : rows, ...dims]],
    ),
  );
  const { modelSha256 } = subject;
  const asked = { modelSha256, inputShapes, guidanceScale: 7.5, numInferenceSteps: 20 };
  const split = await cluster.client.plan({ ...asked, plan: { components: 2, guidanceSplit: 'on' } });
  expect(split.placement.map(({ half }) => half)).toEqual([1, 1, 2, 2]);
  const chosen = await cluster.client.plan({ ...asked, plan: { maxError: '1e-9' } });
  const ways = chosen.choice!.configurations.map(({ config, predicted_error }) => [config, predicted_error]);
  expect(ways).toContainEqual(['n1s1g', 0]);
  await expect(
    cluster.client.plan({ ...asked, guidanceScale: 1, plan: { guidanceSplit: 'on' } }),
  ).rejects.toMatchObject({ code: 'invalid_settings', message: expect.stringContaining('one half only') });
});
