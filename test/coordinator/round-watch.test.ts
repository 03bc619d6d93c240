import { expect, it } from 'vitest';
import { type Blame, RoundWatch, type RoundWatchOptions } from '../../coordinator/deployment/round-watch.js';
import { WORKER_LIMITS_MS } from '../../coordinator/workers/limits.js';
import type { WorkerProgress } from '../../coordinator/workers/worker-link.js';

const FAR_MS = 10 * 60_000;

/** A worker that says what it is at; its device is none that tells of its runs. */
function worker(name: string, at: () => Partial<WorkerProgress>) {
  const ask = async (): Promise<unknown> => ({
    moves: 0,
    stillMs: 0,
    processorMs: 0,
    missing: [],
    round: 0,
    computing: false,
    ...at(),
  });
  return { id: name, name, limitsMs: { ...WORKER_LIMITS_MS, round: 20 }, facts: { threads: 1 }, ask };
}

/** Watches workers that have reported so often; who is blamed. `limitMs`: by the measured times alone. */
function watched(
  workers: readonly ReturnType<typeof worker>[],
  { reports = 8, limitMs = FAR_MS } = {},
): Promise<Blame> {
  return new Promise((resolve) => {
    const links = { producerOf: () => undefined, directPairs: [] };
    const deployment = { workers, links, samplingWorkerId: undefined, worker: () => undefined };
    const watch = new RoundWatch({
      deployment: deployment as unknown as RoundWatchOptions['deployment'],
      limitMs,
      isAwaited: () => true,
      reportsPerRound: 1,
      onStuck: resolve,
    });
    for (let report = 0; report < reports; report++) watch.reported();
  });
}

it('a run without an end is noticed by what the rounds before took, not by what the segments were measured to take', async () => {
  const blame = await watched([worker('a', () => ({ computing: true })), worker('b', () => ({}))]);
  expect(blame).toMatchObject({ kind: 'worker', worker: { name: 'a' } });
});

it('one look is enough where the workers say for how long they have ended no task', async () => {
  let looks = 0;
  const hung = worker('a', () => {
    looks += 1;
    return { computing: true, stillMs: 60_000 };
  });
  await watched([hung, worker('b', () => ({ stillMs: 60_000 }))], { reports: 1, limitMs: 50 });
  expect(looks).toBe(1);
});

it('a slow run is none as long as any worker finishes tasks', async () => {
  let looks = 0;
  const slow = worker('a', () => ({ computing: true, moves: Math.min(3, (looks += 1)) }));
  const blame = await watched([slow, worker('b', () => ({}))]);
  expect(blame).toMatchObject({ worker: { name: 'a' } });
  expect(looks).toBeGreaterThan(3);
});

it('one that computes alone is given the time once more: nobody else would do it sooner', async () => {
  let looks = 0;
  const beganMs = performance.now();
  // Its run ends after one and a half times what a pair is given, which is a second.
  const alone = worker('a', () => {
    looks += 1;
    return { computing: true, moves: performance.now() - beganMs > 1_500 ? 1 : 0 };
  });
  const blame = await watched([alone]);
  expect(blame).toMatchObject({ worker: { name: 'a' } });
  expect(looks).toBe(3);
});

it('a run on the processor that goes on, however slowly, is none without an end; one that has stopped, or uses far more than it was measured to, is', async () => {
  let processorMs = 1_000;
  let looks = 0;
  // A fifth of a core, for three looks; then what a process takes for its pings.
  const slow = worker('a', () => ({
    computing: true,
    processorMs: (processorMs += (looks += 1) <= 3 ? 200 : 5),
  }));
  const blame = await watched([slow, worker('b', () => ({}))], { reports: 1, limitMs: 500 });
  expect(blame).toMatchObject({ kind: 'worker', worker: { name: 'a' } });
  expect(looks).toBe(4);

  looks = 0;
  const endless = worker('c', () => ({ computing: true, processorMs: 1 + 1_000 * (looks += 1) }));
  // Alone, it is not given the time twice: it is known what it does.
  expect(await watched([endless], { reports: 1, limitMs: 1_200 })).toMatchObject({ worker: { name: 'c' } });
  expect(looks).toBe(4);
});
