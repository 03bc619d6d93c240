import * as fc from 'fast-check';
import { type CostGraph, partitionGraph } from '../../planner/search/index.js';
import { inMicroBatches, type Partition } from '../../program/index.js';
import type { ScheduleSettings } from '../../program/index.js';
import { randomGraph } from './random-graph.js';

export const schedule = (
  numInferenceSteps: number,
  stride: number,
  warmUp: number,
  timeShift = false,
): ScheduleSettings => ({ numInferenceSteps, stride, warmUp, timeShift });

interface RandomJob {
  readonly graph: CostGraph;
  readonly partition: Partition;
  readonly settings: ScheduleSettings;
}

/** A random graph, cut in some way, and a short job on it. */
export const randomJob: fc.Arbitrary<RandomJob> = fc
  .record({
    graph: randomGraph(24),
    components: fc.integer({ min: 1, max: 4 }),
    shape: fc.constantFrom('sequential' as const, 'u-shaped' as const),
    lag: fc.constantFrom(1 as const, 2 as const),
    microCuts: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    warmUp: fc.integer({ min: 1, max: 5 }),
    steps: fc.integer({ min: 1, max: 14 }),
    timeShift: fc.boolean(),
  })
  .map(({ graph, components, shape, lag, microCuts, stride, warmUp, steps, timeShift }) => {
    const most = partitionGraph(graph, { components: 1 }).segments[0]!;
    const mainCount = most.nodes.length - most.replicatedNodes.length;
    const options = { components: Math.min(components, mainCount), shape, lag, microCuts };
    const settings = schedule(steps, stride, Math.min(warmUp, steps), timeShift);
    return { graph, partition: partitionGraph(graph, options), settings };
  });

/** A random job with steps in order at the end and in between, and components that look ahead. */
export const randomAheadJob: fc.Arbitrary<RandomJob> = fc
  .record({
    job: randomJob,
    end: fc.integer({ min: 0, max: 3 }),
    inOrder: fc.uniqueArray(fc.nat(13), { maxLength: 2 }),
    firstStep: fc.integer({ min: 0, max: 3 }),
    replicas: fc.boolean(),
  })
  .map(({ job, end, inOrder, firstStep, replicas }) => {
    const { numInferenceSteps, warmUp } = job.settings;
    const from = Math.min(firstStep, numInferenceSteps - 1);
    const settings = {
      ...job.settings,
      timeShift: false,
      firstStep: from,
      warmUp: Math.min(warmUp, numInferenceSteps - from),
      end,
      inOrder,
      lookAhead: { replicas },
    };
    return { ...job, settings };
  });

const halves = fc.constantFrom(1 as const, 2 as const);

/** The same, its batch computed in one or two micro-batches, or in so many for each half of a split batch. */
export const randomSplitAheadJob: fc.Arbitrary<RandomJob> = fc
  .tuple(randomAheadJob, fc.integer({ min: 1, max: 2 }), halves)
  .map(([job, count, split]) => ({
    ...job,
    partition: inMicroBatches(job.partition, count * split, split),
  }));

/** A random job, its batch computed in one to three micro-batches, or in so many for each half of a split batch. */
export const randomSplitJob: fc.Arbitrary<RandomJob> = fc
  .tuple(randomJob, fc.integer({ min: 1, max: 3 }), halves)
  .map(([job, count, split]) => ({
    ...job,
    partition: inMicroBatches(job.partition, count * split, split),
  }));
