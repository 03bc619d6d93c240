import { expect, it } from 'vitest';
import { type Blame, RoundWatch, type RoundWatchOptions } from '../../coordinator/deployment/round-watch.js';
import { WORKER_LIMITS_MS } from '../../coordinator/workers/limits.js';
import type { WorkerProgress } from '../../coordinator/workers/worker-link.js';

const FAR_MS = 10 * 60_000;

/** A worker that says what it is at. */
function worker(name: string, at: () => Partial<WorkerProgress>) {
  const ask = async (): Promise<unknown> => ({
    tasksDone: 0,
    missing: [],
    round: 0,
    computing: false,
    ...at(),
  });
  return { id: name, name, limitsMs: { ...WORKER_LIMITS_MS, round: 20 }, ask };
}

/** Watches workers that have reported so often; who is blamed. */
function watched(workers: readonly ReturnType<typeof worker>[], reports: number): Promise<Blame> {
  return new Promise((resolve) => {
    const links = { producerOf: () => undefined, directPairs: [] };
    const deployment = { workers, links, samplingWorkerId: undefined, worker: () => undefined };
    const watch = new RoundWatch({
      deployment: deployment as unknown as RoundWatchOptions['deployment'],
      // By the measured times alone it would take ten minutes.
      limitMs: FAR_MS,
      isAwaited: () => true,
      reportsPerRound: 1,
      onStuck: resolve,
    });
    for (let report = 0; report < reports; report++) watch.reported();
  });
}

it('a run without an end is noticed by what the rounds before took, not by what the segments were measured to take', async () => {
  const blame = await watched([worker('a', () => ({ computing: true })), worker('b', () => ({}))], 8);
  expect(blame).toMatchObject({ kind: 'worker', worker: { name: 'a' } });
});

it('a slow run is none as long as any worker finishes tasks', async () => {
  let looks = 0;
  const slow = worker('a', () => ({ computing: true, tasksDone: Math.min(3, (looks += 1)) }));
  const blame = await watched([slow, worker('b', () => ({}))], 8);
  expect(blame).toMatchObject({ worker: { name: 'a' } });
  expect(looks).toBeGreaterThan(3);
});

it('one that computes alone is given the time once more: nobody else would do it sooner', async () => {
  let looks = 0;
  // Its run ends at the third look.
  const alone = worker('a', () => ({
    computing: true,
    tasksDone: (looks += 1) < 3 ? 0 : Math.min(looks, 5),
  }));
  const blame = await watched([alone], 8);
  expect(blame).toMatchObject({ worker: { name: 'a' } });
  expect(looks).toBeGreaterThan(5);
});
