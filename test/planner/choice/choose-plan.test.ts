import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  errorLimit,
  type PlanOptions,
  plannedSettings,
  resolvePlanSettings,
} from '../../../common/settings/index.js';
import {
  candidates,
  type ChoiceRequest,
  type ChoiceSubject,
  choosePlan,
} from '../../../planner/choice/index.js';
import type { CostGraph } from '../../../planner/search/index.js';
import { partitionGraph } from '../../../planner/search/index.js';
import { simulate } from '../../../planner/simulator/index.js';
import type { Cluster, Placement } from '../../../program/index.js';
import { chainGraph, randomGraph } from '../../support/random-graph.js';

const SUBJECT: ChoiceSubject = {
  steps: 20,
  calls: 20,
  family: 'ode',
  worthwhile: true,
  guidanceScale: 2,
  schedule: { warmUp: 'auto', end: 'auto', inOrder: [], timeShift: false, tolerance: 'auto' },
};

interface Asked {
  readonly graph: CostGraph;
  readonly workers: number;
  readonly options: PlanOptions;
  readonly subject?: Partial<ChoiceSubject>;
  readonly guided?: boolean;
  readonly gigabits?: number;
  readonly refusal?: ChoiceRequest['refusal'];
}

/** Half of a batch takes half as long. */
function halfOf(graph: CostGraph): CostGraph {
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, costMs: node.costMs / 2 })) };
}

function clusterOf(workers: number, gigabits: number) {
  return (placement: Placement): Cluster => ({
    workers: Array.from({ length: workers }, (_, at) => ({ id: `w${at}`, speed: 1, hostId: `w${at}` })),
    placement,
    links: () => ({ latencyMs: 0.1, bytesPerSecond: gigabits * 1.25e8, overheadMs: 0 }),
    coordinatorLinks: () => ({ latencyMs: 0.1, bytesPerSecond: gigabits * 1.25e8, overheadMs: 0 }),
    latentBytes: 4096,
    samplerMs: 0.1,
    taskOverheadMs: 0.05,
  });
}

function requestOf({
  graph,
  workers,
  options,
  subject,
  guided = true,
  gigabits = 10,
  refusal,
}: Asked): ChoiceRequest {
  return {
    settings: plannedSettings(resolvePlanSettings(options)),
    subject: { ...SUBJECT, ...subject },
    namedComponents: undefined,
    guided,
    workers: Array.from({ length: workers }, (_, at) => ({ id: `w${at}`, speed: 1 })),
    graphs: new Map(
      guided
        ? [
            [1, graph],
            [2, halfOf(graph)],
          ]
        : [[1, graph]],
    ),
    parts: (halves) => halves,
    clusterFor: clusterOf(workers, gigabits),
    search: {},
    refusal: refusal ?? (() => undefined),
  };
}

/** A job of the whole predictor on one worker, milliseconds. */
function oneWorkerMs(graph: CostGraph, { calls }: ChoiceSubject, cluster: Cluster): number {
  const settings = { numInferenceSteps: calls, stride: 1, warmUp: calls, timeShift: false };
  return simulate(partitionGraph(graph, { components: 1 }), cluster, settings).totalMs;
}

const bounds = fc.constantFrom('auto', '1e-9', '1e-7', '1e-3', '60dB', '90dB');
const jobs = fc.record({
  steps: fc.constantFrom(4, 8, 20, 50),
  family: fc.constantFrom('ode' as const, 'flow' as const, 'stochastic' as const),
  guidanceScale: fc.constantFrom(2, 4.5, 7.5),
});

it('never exceeds the bound, is never slower than one worker, and is the same every time', () => {
  fc.assert(
    fc.property(
      randomGraph(16),
      fc.integer({ min: 1, max: 5 }),
      bounds,
      jobs,
      fc.boolean(),
      (graph, workers, maxError, job, guided) => {
        const subject = { ...SUBJECT, ...job, calls: job.steps };
        const request = requestOf({ graph, workers, options: { maxError }, subject, guided });
        const { chosen, judged } = choosePlan(request);
        expect(chosen.error).toBeLessThanOrEqual(errorLimit(maxError));
        const oneMs = oneWorkerMs(graph, subject, request.clusterFor([['w0']]));
        expect((chosen.seconds as number) * 1000).toBeLessThanOrEqual(oneMs * 1.000001);
        expect(judged.filter(({ verdict }) => verdict === 'chosen')).toEqual([chosen]);
        for (const { why, verdict } of judged) expect(why, verdict).not.toBe('');
        expect(choosePlan(request)).toEqual({
          chosen,
          judged,
          limit: errorLimit(maxError),
          advice: expect.any(String),
        });
      },
    ),
    { numRuns: 25 },
  );
});

it('keeps what is set explicitly, in every candidate', () => {
  const options = fc.record(
    {
      components: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      lag: fc.constantFrom(1 as const, 2 as const),
      stepParallel: fc.constant(1),
      guidanceSplit: fc.constantFrom('on' as const, 'off' as const),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 6 }), (given, workers) => {
      const settings = plannedSettings(resolvePlanSettings({ ...given, maxError: 'auto' }));
      const all = candidates({ settings, namedComponents: undefined, guided: true, workers });
      expect(all).not.toEqual([]);
      for (const one of all) {
        const { components, stride, lag, stepParallel, guidanceSplit } = given;
        expect(one.components).toBe(components ?? one.components);
        expect(one.stride).toBe(stride ?? one.stride);
        expect(one.stepParallel).toBe(stepParallel ?? one.stepParallel);
        if (one.components > 1) expect(one.lag).toBe(lag ?? one.lag);
        if (guidanceSplit !== undefined) expect(one.halves).toBe(guidanceSplit === 'on' ? 2 : 1);
      }
    }),
  );
});

const EVEN = chainGraph(Array.from({ length: 16 }, () => 2));

it('five steps or fewer: guidance split, and without guidance more workers do not help', () => {
  const few = { graph: EVEN, workers: 4, options: { maxError: 'auto' }, subject: { steps: 5, calls: 5 } };
  expect(choosePlan(requestOf(few)).chosen).toMatchObject({ name: 'n1s1g', error: 0 });
  const { chosen, advice } = choosePlan(
    requestOf({ ...few, guided: false, subject: { ...few.subject, guidanceScale: 1 } }),
  );
  expect(chosen.name).toBe('n1s1');
  expect(advice).toContain('more workers do not help');
});

it('strong guidance in few steps: guidance split alone', () => {
  const strong = { graph: EVEN, workers: 4, options: { maxError: 'auto' }, subject: { guidanceScale: 7.5 } };
  expect(choosePlan(requestOf(strong)).chosen.name).toBe('n1s1g');
});

it('a looser bound is never slower', () => {
  const speeds = ['1e-9', '1e-7', '1e-5', '1e-3'].map(
    (maxError) =>
      choosePlan(requestOf({ graph: EVEN, workers: 4, options: { maxError } })).chosen.seconds as number,
  );
  expect(speeds).toEqual(speeds.toSorted((a, b) => b - a));
  expect(speeds.at(-1)).toBeLessThan(speeds[0] as number);
});

it('links too slow for boundary tensors: nothing but latents travels', () => {
  const bulky = chainGraph(
    Array.from({ length: 16 }, () => 2),
    4_000_000,
  );
  const asked = { graph: bulky, workers: 4, options: { maxError: '1e-3' }, guided: false, gigabits: 0.05 };
  expect(choosePlan(requestOf(asked)).chosen.stepParallel).toBeGreaterThan(1);
});

it('parts that do not fit say why, and another way is taken', () => {
  const refusal: ChoiceRequest['refusal'] = (_graph, { components }) =>
    components.length < 3 ? 'the parts do not fit the memory' : undefined;
  const { chosen, judged } = choosePlan(
    requestOf({ graph: EVEN, workers: 4, options: { maxError: '1e-3' }, guided: false, refusal }),
  );
  expect(chosen.components).toBeGreaterThan(2);
  const tried = judged.filter(({ verdict }) => verdict === 'impossible');
  for (const { why } of tried) expect(why).toContain('memory');
});

it('nothing within the bound is refused with what comes nearest', () => {
  const asked = { graph: EVEN, workers: 4, options: { maxError: '1e-11', components: 4 } };
  expect(() => choosePlan(requestOf(asked))).toThrow(
    expect.objectContaining({
      code: 'invalid_settings',
      message: expect.stringContaining('the least is n4s1'),
    }),
  );
});
