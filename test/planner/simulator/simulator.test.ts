import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Cluster,
  JobProgram,
  type Link,
  type Partition,
  placeComponents,
  samplingWorker,
  type ScheduleSettings,
} from '../../../program/index.js';
import { partitionGraph } from '../../../planner/search/index.js';
import { simulate } from '../../../planner/simulator/index.js';
import { predictPeriod } from '../../../planner/search/index.js';
import { chainGraph } from '../../support/random-graph.js';
import { unetGraph } from '../../support/unet-graph.js';
import { oneTaskEach, parallelCluster, plan, ringCluster } from '../../support/simulated-plans.js';

describe('step-parallel: a round is one run of the whole predictor, and the way of the latents there and back', () => {
  test.each([1, 2, 4])('on %i workers', (w) => {
    const partition = partitionGraph(chainGraph([1]), { components: 1 });
    const settings = { ...LONG, stride: w, lookAhead: { replicas: w > 1 } };
    const cluster = parallelCluster(w, 0.2);
    const { periodMs, links } = simulate(partition, cluster, settings);
    const wayMs = w === 1 ? 0 : 0.4;
    expect(periodMs).toBeCloseTo(1 + wayMs, 9);
    expect(links).toEqual([]);
    expect(predictPeriod(partition, cluster, { stride: w, lookAhead: true }).periodMs).toBeCloseTo(
      1 + wayMs,
      9,
    );
  });
});

const LONG = { numInferenceSteps: 401, stride: 1, warmUp: 1, timeShift: false };

describe('the cycle mean of balanced components: at lag 1 transfers are not hidden, at lag 2 they are', () => {
  const chainOf = (components: number, lag: 1 | 2) =>
    partitionGraph(chainGraph(Array.from({ length: components }, () => 1)), {
      components,
      shape: 'sequential',
      lag,
    });

  test.each([2, 3, 4])('N = %i, t = 1, c = 0.2: plain overlap hides nothing', (components) => {
    const partition = chainOf(components, 1);
    const predicted = predictPeriod(partition, ringCluster(partition, 0.2), LONG);
    expect(predicted.periodMs).toBeCloseTo(1.2, 9);
    expect(predicted.criticalRounds).toBe(components);
    expect(predicted.computeMs).toBeCloseTo(1, 9);
    expect(simulate(partition, ringCluster(partition, 0.2), LONG).periodMs).toBeCloseTo(1.2, 2);
  });

  test.each([2, 3, 4])('N = %i: one ring cut at lag 2 hides all of it while sum c <= max t', (components) => {
    const partition = chainOf(components, 2);
    const most = 1 / components;
    for (const c of [0.2, most]) {
      expect(predictPeriod(partition, ringCluster(partition, c), LONG).periodMs).toBeCloseTo(1, 9);
      expect(simulate(partition, ringCluster(partition, c), LONG).periodMs).toBeCloseTo(1, 2);
    }
    const beyond = predictPeriod(partition, ringCluster(partition, most + 0.2), LONG).periodMs;
    expect(beyond).toBeCloseTo((components + components * (most + 0.2)) / (components + 1), 9);
  });
});

/** Whether no two messages can want an interface at a time, or messages cost it nothing: then the predicted period is exact. */
function noSharedInterface(cluster: Cluster, stride: number): boolean {
  const isFree = ({ overheadMs, bytesPerSecond }: Link) =>
    overheadMs === 0 && !Number.isFinite(bytesPerSecond);
  if (isFree(cluster.links('', '')) && isFree(cluster.coordinatorLinks(''))) return true;
  return stride === 1 && cluster.placement.length <= 2;
}

/** Every task of the program once, on its worker, after the tasks that make what it reads. */
function runsAll(partition: Partition, cluster: Cluster, settings: ScheduleSettings): void {
  const timeline = simulate(partition, cluster, settings);
  const program = new JobProgram(partition, settings);
  const tasks = program.rounds.flatMap((round) => program.tasks(round));
  const spans = new Map(
    timeline.spans.filter(({ kind }) => kind === 'compute').map((span) => [span.label, span]),
  );
  expect([...spans.keys()].sort()).toEqual(tasks.map(({ id }) => id).sort());
  expect(timeline.rounds.map(({ round }) => round)).toEqual(program.rounds.map(({ round }) => round));
  const madeMs = new Map<string, number>();
  for (const { id, writes } of tasks) {
    const { startMs, durationMs } = spans.get(id)!;
    for (const { name, version } of writes) madeMs.set(`${name}@${version}`, startMs + durationMs);
  }
  for (const { id, reads } of tasks)
    for (const { name, version } of reads)
      expect(spans.get(id)!.startMs).toBeGreaterThanOrEqual(madeMs.get(`${name}@${version}`)! - 1e-9);
}

describe('simulate', () => {
  test('settles into the predicted period where a worker has one task a round; with shared interfaces, no faster', () => {
    let exact = 0;
    fc.assert(
      fc.property(oneTaskEach, ({ partition, cluster, settings }) => {
        const { periodMs } = predictPeriod(partition, cluster, settings);
        const simulated = simulate(partition, cluster, settings).periodMs;
        expect(simulated).toBeGreaterThanOrEqual(periodMs * 0.98);
        if (!noSharedInterface(cluster, settings.stride)) return;
        exact++;
        expect(simulated).toBeLessThanOrEqual(periodMs * 1.02);
      }),
      { numRuns: 40 },
    );
    expect(exact).toBeGreaterThan(5);
  });

  test('runs every task once, no two on one worker at a time, and ends when the sampler does', () => {
    fc.assert(
      fc.property(plan, fc.integer({ min: 1, max: 9 }), ({ partition, cluster, settings }, steps) => {
        const job = { ...settings, numInferenceSteps: steps, warmUp: Math.min(2, steps) };
        const timeline = simulate(partition, cluster, job);
        const computed = timeline.spans.filter((span) => span.kind === 'compute');
        expect(new Set(computed.map((span) => span.label)).size).toBe(computed.length);
        for (const { id: worker } of cluster.workers) {
          const own = computed.filter((span) => span.worker === worker);
          for (const [at, span] of own.entries()) {
            const before = own[at - 1];
            if (before !== undefined) {
              expect(span.startMs).toBeGreaterThanOrEqual(before.startMs + before.durationMs - 1e-9);
            }
          }
        }
        // A worker that holds component N alone takes every step, else the coordinator.
        const stepsAt = (at: boolean) =>
          timeline.spans.filter(
            ({ kind, worker }) => kind === 'sampler' && (worker === 'coordinator') === at,
          );
        const alone = samplingWorker(partition, cluster.placement) !== undefined;
        expect([stepsAt(true).length, stepsAt(false).length]).toEqual(alone ? [0, steps] : [steps, 0]);
        expect(timeline.rounds.reduce((sum, round) => sum + round.durationMs, 0)).toBeCloseTo(
          timeline.totalMs,
        );
        expect(timeline.rounds.at(-1)!.endMs).toBe(timeline.totalMs);
      }),
      { numRuns: 40 },
    );
  });

  test('runs every task of a job that looks ahead, also with fewer workers than components, and never before what it reads is made', () => {
    const schedule = fc.record({
      steps: fc.integer({ min: 1, max: 24 }),
      warmUp: fc.integer({ min: 1, max: 3 }),
      end: fc.integer({ min: 0, max: 2 }),
      inOrder: fc.uniqueArray(fc.integer({ min: 2, max: 20 }), { maxLength: 3 }),
      looksAhead: fc.boolean(),
      isPlaced: fc.boolean(),
      stride: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(plan, schedule, ({ partition, cluster }, { steps, looksAhead, isPlaced, ...rest }) => {
        const { halves, components } = partition;
        const workerIds = cluster.workers.map(({ id }) => id);
        const placement = isPlaced
          ? placeComponents({ ...rest, halves, components: components.length / halves, workerIds })
          : cluster.placement;
        const lookAhead = { replicas: samplingWorker(partition, placement) === undefined };
        const settings: ScheduleSettings = {
          ...rest,
          numInferenceSteps: steps,
          timeShift: false,
          lookAhead: looksAhead ? lookAhead : undefined,
        };
        runsAll(partition, { ...cluster, placement }, settings);
      }),
      { numRuns: 150 },
    );
  });

  test('three components twice on two workers, stride 2, lag 2: what stood still when workers kept to the program order', () => {
    const options = { components: 3, stride: 2, microBatches: 2, halves: 2, lag: 2 } as const;
    const partition = partitionGraph(unetGraph(4, 3, 20), options);
    const cluster = ringCluster(partition, 0.1);
    const placement = placeComponents({ ...options, workerIds: ['w1', 'w2'] });
    const lookAhead = { replicas: false };
    const schedule = { numInferenceSteps: 50, stride: 2, warmUp: 2, end: 2, timeShift: false, lookAhead };
    runsAll(partition, { ...cluster, placement, workers: cluster.workers.slice(0, 2) }, schedule);
  });

  test('counts bytes by link: each tensor once per round and consuming worker', () => {
    const graph = unetGraph(3, 2, 10);
    const partition = partitionGraph(graph, { components: 3, shape: 'sequential' });
    const cluster = ringCluster(partition, 0.1);
    const settings = { numInferenceSteps: 10, stride: 1, warmUp: 2, timeShift: false };
    const sent = simulate(partition, cluster, settings).links.reduce((sum, one) => sum + one.bytes, 0);
    const bytesTo = (lastRoundOf: (consumer: number) => boolean) =>
      partition.boundaryTensors
        .flatMap(({ bytes, consumers }) => consumers.filter(lastRoundOf).map(() => bytes))
        .reduce((sum, bytes) => sum + bytes, 0);
    // Of the eight asynchronous rounds, the last makes nothing that is read, and the one before only what component 3 reads.
    expect(sent).toBe(8 * bytesTo(() => true) + bytesTo((consumer) => consumer === 3));
  });

  test('N = 1 is the sequential sampler', () => {
    const partition = partitionGraph(chainGraph([2, 3]), { components: 1 });
    const timeline = simulate(partition, ringCluster(partition, 0.5), { ...LONG, numInferenceSteps: 10 });
    // The way to the worker and back once: the worker runs the sampler between its rounds.
    expect(timeline.totalMs).toBeCloseTo(10 * 5 + 0.5);
    expect(timeline.links).toEqual([]);
    expect(timeline.workers).toEqual([{ worker: 'w1', busyMs: 50, waitMs: expect.closeTo(0) }]);
  });

  test('two workers run the two runs of component N side by side', () => {
    const partition = partitionGraph(chainGraph([1, 1]), { components: 2, shape: 'sequential' });
    const alone = ringCluster(partition, 0);
    const shared: Cluster = {
      ...alone,
      workers: [...alone.workers, { id: 'w3', speed: 1, hostId: 'w3' }],
      placement: [['w1'], ['w2', 'w3']],
    };
    const settings = { numInferenceSteps: 101, stride: 2, warmUp: 1, timeShift: false };
    expect(predictPeriod(partition, alone, settings).periodMs).toBeCloseTo(2);
    expect(predictPeriod(partition, shared, settings).periodMs).toBeCloseTo(1);
    expect(simulate(partition, alone, settings).periodMs).toBeCloseTo(2);
    expect(simulate(partition, shared, settings).periodMs).toBeCloseTo(1);
  });

  test('one worker that holds both components runs one after the other', () => {
    const partition = partitionGraph(chainGraph([1, 2]), { components: 2, shape: 'sequential' });
    const cluster = { ...ringCluster(partition, 0), placement: [['w1'], ['w1']] };
    expect(predictPeriod(partition, cluster, LONG).periodMs).toBeCloseTo(3);
    expect(simulate(partition, cluster, LONG).periodMs).toBeCloseTo(3);
  });
});
