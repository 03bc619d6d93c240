import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completesNoise, inMicroBatches, microBatchName, sessionValueName } from '../../../program/index.js';
import { describePartition, partitionGraph, uniformCluster } from '../../../planner/search/index.js';
import { simulate } from '../../../planner/simulator/index.js';
import { chainGraph } from '../../support/random-graph.js';
import { randomJob } from '../../support/random-job.js';

const FREE = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, serializeMsPerMb: 0 };
const SYNCHRONOUS = { numInferenceSteps: 1, stride: 1, warmUp: 1, timeShift: false };

/** Milliseconds of one synchronous step on workers and links that cost nothing besides the nodes. */
function stepMs(costs: readonly number[], components: number, microBatches: number): number {
  const graph = chainGraph(costs.map((cost) => cost / microBatches));
  const options = { components, shape: 'sequential' as const, microBatches };
  const cluster = uniformCluster(
    graph,
    { ...options, link: FREE, samplerMs: 0, taskOverheadMs: 0 },
    components,
  );
  return simulate(partitionGraph(graph, options), cluster, SYNCHRONOUS).totalMs;
}

describe('inMicroBatches', () => {
  test('a component finishes one micro-batch before the next; head and tail of a U-shape stay where they are', () => {
    const one = partitionGraph(chainGraph([1, 2, 3]), { components: 2, shape: 'u-shaped' });
    const two = inMicroBatches(one, 2);
    expect(two.segments.map(({ id }) => id)).toEqual([
      'c2s0b0',
      'c2s0b1',
      'c1s0b0',
      'c1s0b1',
      'c2s1b0',
      'c2s1b1',
    ]);
    expect(describePartition(two).components.map(({ sessions }) => sessions)).toEqual([1, 2]);
    expect(two.segments.map(({ session }) => session)).toEqual(one.segments.flatMap(({ id }) => [id, id]));
    expect(two.segments.filter((segment) => completesNoise(two, segment)).map(({ id }) => id)).toEqual([
      'c2s1b1',
    ]);
  });

  test('everything but the names is there once for each; one micro-batch is the partition itself', () => {
    fc.assert(
      fc.property(randomJob, fc.integer({ min: 2, max: 4 }), ({ partition }, count) => {
        expect(inMicroBatches(partition, 1)).toBe(partition);
        const split = inMicroBatches(partition, count);
        expect(split.segments).toHaveLength(count * partition.segments.length);
        expect(new Set(split.segments.map(({ id }) => id)).size).toBe(split.segments.length);
        const made = split.segments.flatMap(({ boundaryWrites }) => boundaryWrites);
        expect(made.toSorted()).toEqual(split.boundaryTensors.map(({ name }) => name).toSorted());
        expect(made.map((name) => sessionValueName(name, count)).toSorted()).toEqual(
          partition.boundaryTensors.flatMap(({ name }) => Array<string>(count).fill(name)).toSorted(),
        );
        // Whatever a segment reads, its own micro-batch has made.
        const writes = new Map(
          split.segments.flatMap(({ boundaryWrites, localWrites, microBatch }) =>
            [...boundaryWrites, ...localWrites].map((name) => [name, microBatch]),
          ),
        );
        for (const { boundaryReads, localReads, microBatch } of split.segments)
          for (const name of [...boundaryReads, ...localReads]) expect(writes.get(name)).toBe(microBatch);
        for (const { index } of split.components) {
          const own = split.segments.filter(({ component }) => component === index);
          expect(own.map((segment) => segment.index)).toEqual(own.map((_, at) => at));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a name may hold the sign itself', () => {
    expect(sessionValueName(microBatchName('a#1', 2, 3), 3)).toBe('a#1');
    expect(microBatchName('a', 0, 1)).toBe('a');
  });

  test('a synchronous step is a pipeline: (N + M - 1) / (N M) of a step on equal components', () => {
    expect(stepMs([6, 6, 6, 6], 4, 1)).toBeCloseTo(24);
    expect(stepMs([6, 6, 6, 6], 4, 2)).toBeCloseTo(24 * (5 / 8));
    expect(stepMs([6, 6, 6, 6], 4, 4)).toBeCloseTo(24 * (7 / 16));
    expect(stepMs([6, 6], 2, 2)).toBeCloseTo(12 * (3 / 4));
    expect(stepMs([12], 1, 2)).toBeCloseTo(12);
  });
});
