import { expect, it } from 'vitest';
import {
  type BenchOptions,
  parseConfigs,
  type RunSettings,
  runBench,
  type Sample,
} from '../../../cli/bench/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { benchSample } from '../../support/bench-sample.js';

function options(configs: string, repeats: number, run: (settings: RunSettings) => Promise<Sample>) {
  const controller = new AbortController();
  const all: BenchOptions = {
    workload: { label: 'test', run },
    configs: parseConfigs(configs),
    repeats,
    settleSeconds: 0,
    numInferenceSteps: 20,
    plan: {},
    workers: 4,
    signal: controller.signal,
    onProgress: () => {},
    onWarning: () => {},
  };
  return { all, controller };
}

it('runs sequential and configuration in turn, after a warm-up of each and a lead-in at each change', async () => {
  const runs: string[] = [];
  const { all } = options('n2s1', 2, async ({ plan, numInferenceSteps, trace }) => {
    runs.push(
      `n${plan.components} on ${plan.maxWorkers}, ${numInferenceSteps} steps${trace ? ', traced' : ''}`,
    );
    return benchSample();
  });
  const { measured, complete } = await runBench(all);
  expect(complete).toBe(true);
  // The report says two steps in order at the start and none at the end: the lead-in has four more.
  const [leadA, a] = ['n1 on 1, 6 steps', 'n1 on 1, 20 steps'];
  const [leadB, b] = ['n2 on 2, 6 steps', 'n2 on 2, 20 steps'];
  expect(runs).toEqual([a, b, leadA, a, leadB, b, leadA, a, leadB, b, `${b}, traced`]);
  expect(measured[0]).toMatchObject({ config: { name: 'n2s1' } });
  expect(measured[0]?.samples).toHaveLength(2);
  expect(measured[0]?.untimed).toHaveLength(2);
});

it('lets a configuration settle before its runs count', async () => {
  let runs = 0;
  const { all } = options('n2s1', 1, async () => {
    runs += 1;
    await new Promise((resolve) => setTimeout(resolve, 30));
    return benchSample();
  });
  const { measured } = await runBench({ ...all, settleSeconds: 0.2 });
  // Sequential once, the configuration for 200 ms, a pair with its lead-ins, and the traced run.
  const settling = runs - 1 - 4 - 1;
  expect(settling).toBeGreaterThan(1);
  expect(settling).toBeLessThanOrEqual(8);
  expect(measured[0]?.untimed).toHaveLength(settling + 1);
});

it('keeps the pairs that were complete when it was ended', async () => {
  let runs = 0;
  const { all, controller } = options('n2s1,n3s1', 2, async ({ signal }) => {
    runs += 1;
    // The second sequential run of n3s1: its pair is missing.
    if (runs === 18) controller.abort(new AsyncDiffError('cancelled', 'ended by SIGINT'));
    signal.throwIfAborted();
    return benchSample();
  });
  const { measured, complete, error } = await runBench(all);
  expect([complete, error]).toEqual([false, undefined]);
  expect(
    measured.map(({ config, samples, sequential }) => [config.name, samples.length, sequential.length]),
  ).toEqual([
    ['n2s1', 2, 2],
    ['n3s1', 1, 1],
  ]);
});

it('hands over what it has and the error when a run fails, and takes no time of a run that lost a worker', async () => {
  const failing = options('n2s1', 1, async ({ plan }) => {
    if (plan.components === 2) throw new AsyncDiffError('partition_impossible', 'too many');
    return benchSample();
  });
  await expect(runBench(failing.all)).resolves.toMatchObject({
    measured: [],
    complete: false,
    error: { code: 'partition_impossible' },
  });
  const restarted = options('n2s1', 1, async () => benchSample({ restarts: 1 }));
  await expect(runBench(restarted.all)).resolves.toMatchObject({
    complete: false,
    error: { code: 'worker_lost' },
  });
});
