import { describe, expect, it } from 'vitest';
import type { JobEvent } from '../../client/index.js';
import { BreakableSetting, CUTS } from '../support/breakable-setting.js';
import { denoiseOn } from '../support/cluster.js';

/** Of a job that is not over before something can be done to it. */
const LONG = 60;
const setting = new BreakableSetting();

function stepped(at: number, act: () => void): (event: JobEvent) => void {
  let acted = false;
  return (event) => {
    if (acted || event.type !== 'step' || event.step < at) return;
    acted = true;
    act();
  };
}

describe('a link between two workers', () => {
  it('that ends between jobs does not hold up the next', async () => {
    const { cluster, job } = await setting.start(1);
    const proxy = await setting.addBehindProxy(cluster, 'w2');
    await cluster.waitFor(2);
    for (let count = 0; count < 3; count++) {
      const { done } = await denoiseOn(cluster.client, job());
      expect(done.report.workers.map(({ name }) => name)).toEqual(['w1', 'w2']);
      proxy.cut();
    }
  });

  it('that is cut in the middle of a job: both workers stay, and the job goes on', async () => {
    const { cluster, job } = await setting.start(1);
    const proxy = await setting.addBehindProxy(cluster, 'w2');
    await cluster.waitFor(2);
    const { done } = await denoiseOn(
      cluster.client,
      { ...job(LONG), sendSteps: true },
      stepped(10, () => proxy.cut()),
    );
    expect(done.report.workers).toHaveLength(2);
    expect(done.report.restarts).toBe(1);
  });

  it('that is cut silently, in the middle of a job and from then on: tensors go through the coordinator', async () => {
    const { cluster, job } = await setting.start(1);
    const proxy = await setting.addBehindProxy(cluster, 'w2');
    await cluster.waitFor(2);
    const warnings: string[] = [];
    const freeze = stepped(10, () => proxy.freeze());
    const { done } = await denoiseOn(cluster.client, { ...job(LONG), sendSteps: true }, (event) => {
      freeze(event);
      if (event.type === 'warning') warnings.push(event.message);
    });
    expect(done.report.workers).toHaveLength(2);
    expect(warnings.join('\n')).toMatch(
      /going on through the coordinator from step \d+: .* did not come from worker w\d to worker w\d/,
    );
    // The next one does not try again at once.
    expect((await denoiseOn(cluster.client, job())).done.report.restarts).toBe(0);
  });
});

it('a job outlives any number of losses with progress between them', async () => {
  const { cluster, job } = await setting.start(0);
  const proxy = await setting.proxyTo(cluster.coordinator.address);
  const worker = cluster.addWorker('w1', ['--join', proxy.address]);
  await worker.ready();
  await cluster.waitFor(1);
  let next = 5;
  const { done } = await denoiseOn(cluster.client, { ...job(LONG), sendSteps: true }, (event) => {
    if (event.type !== 'step' || event.step < next || event.step > 50) return;
    next = event.step + 8;
    proxy.cut();
  });
  expect(done.report.restarts).toBeGreaterThan(4);
});

it('plans of the same id, one after another on a slow link to the coordinator, do not disturb each other', async () => {
  const { cluster, job } = await setting.start(1);
  const proxy = await setting.proxyTo(cluster.coordinator.address);
  proxy.delayMs = 150;
  cluster.addWorker('w2', ['--join', proxy.address]);
  await cluster.waitFor(2);
  const runs = [1, 'auto', 1, 'auto'] as const;
  for (const microCuts of runs) {
    const { done } = await denoiseOn(cluster.client, {
      ...job(),
      plan: { cuts: CUTS, warmUp: 1, microCuts },
    });
    expect(done.report.workers).toHaveLength(2);
  }
});
