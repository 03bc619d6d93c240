import * as fc from 'fast-check';
import { type Cluster, type Partition, placeComponents } from '../../program/index.js';
import { classifyNodes, partitionGraph } from '../../planner/search/index.js';
import { randomGraph } from './random-graph.js';

/** One worker per component, with free time for everything but compute and a latency `c` on every way. */
export function ringCluster(partition: Partition, c: number): Cluster {
  const ids = partition.components.map((one) => `w${one.index}`);
  return {
    workers: ids.map((id) => ({ id, speed: 1, hostId: id })),
    placement: ids.map((id) => [id]),
    links: () => ({ latencyMs: c, bytesPerSecond: Number.POSITIVE_INFINITY, overheadMs: 0 }),
    // From component N to the coordinator and on to component 1: c together.
    coordinatorLinks: () => ({ latencyMs: c / 2, bytesPerSecond: Number.POSITIVE_INFINITY, overheadMs: 0 }),
    latentBytes: 0,
    samplerMs: 0,
    taskOverheadMs: 0,
  };
}

/** The whole predictor on `w` workers, `c` from each to the coordinator. */
export function parallelCluster(w: number, c: number): Cluster {
  const ids = Array.from({ length: w }, (_, at) => `w${at}`);
  const link = { latencyMs: c, bytesPerSecond: Number.POSITIVE_INFINITY, overheadMs: 0 };
  return {
    workers: ids.map((id) => ({ id, speed: 1, hostId: id })),
    placement: [ids],
    links: () => link,
    coordinatorLinks: () => link,
    latentBytes: 0,
    samplerMs: 0,
    taskOverheadMs: 0,
  };
}

export const link = fc.record({
  latencyMs: fc.double({ min: 0, max: 3, noNaN: true }),
  bytesPerSecond: fc.constantFrom(1.25e7, 1.25e8, 1.25e9, Number.POSITIVE_INFINITY),
  overheadMs: fc.double({ min: 0, max: 0.2, noNaN: true }),
});

/** Bytes and messages cost nothing, only the way takes time. */
export const freeLink = link.map((one) => ({
  ...one,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  overheadMs: 0,
}));

export const plan = fc
  .record({
    graph: randomGraph(24),
    components: fc.integer({ min: 1, max: 4 }),
    shape: fc.constantFrom('sequential' as const, 'u-shaped' as const),
    microCuts: fc.integer({ min: 1, max: 3 }),
    lag: fc.constantFrom(1 as const, 2 as const),
    microBatches: fc.integer({ min: 1, max: 3 }),
    halves: fc.constantFrom(1 as const, 2 as const),
    stride: fc.integer({ min: 1, max: 3 }),
    replicas: fc.integer({ min: 1, max: 3 }),
    workerCount: fc.integer({ min: 1, max: 5 }),
    hostSize: fc.integer({ min: 1, max: 3 }),
    links: fc.oneof(fc.tuple(link, link), fc.tuple(freeLink, freeLink)),
    samplerMs: fc.double({ min: 0, max: 0.5, noNaN: true }),
  })
  .map(({ graph, components, shape, microCuts, halves, lag, stride, ...rest }) => {
    const microBatches = rest.microBatches * halves;
    const mainCount = classifyNodes(graph).filter((kind) => kind === 'main').length;
    const count = Math.min(components, mainCount);
    const options = { components: count, shape, microCuts, microBatches, halves, lag, stride };
    const partition = partitionGraph(graph, options);
    const ids = Array.from({ length: rest.workerCount }, (_, at) => `w${at}`);
    const placement: string[][] = [];
    for (let component = 1; component <= count * halves; component++) {
      const replicas = component % count === 0 ? Math.min(rest.replicas, rest.workerCount) : 1;
      const own = Array.from({ length: replicas }, (_, at) => ids[(component - 1 + at) % ids.length]!);
      placement.push(own);
    }
    const cluster: Cluster = {
      workers: ids.map((id, at) => ({
        id,
        speed: 1 + 0.5 * (at % 3),
        hostId: `h${Math.floor(at / rest.hostSize)}`,
      })),
      placement,
      links: () => rest.links[0],
      coordinatorLinks: () => rest.links[1],
      latentBytes: 16_384,
      samplerMs: rest.samplerMs,
      taskOverheadMs: 0.2,
    };
    return {
      partition,
      cluster,
      settings: { numInferenceSteps: 1 + 240 * stride, stride, warmUp: 1, timeShift: false },
    };
  });

/** The same with a worker for every task of a round. */
export const oneTaskEach = fc
  .record({ made: plan, stride: fc.integer({ min: 1, max: 3 }) })
  .filter(({ made: { partition } }) => partition.segments.length === partition.components.length)
  .map(({ made: { partition, cluster, settings }, stride }) => {
    const { halves, components } = partition;
    const ids = Array.from({ length: components.length + halves * (stride - 1) }, (_, at) => `w${at}`);
    const asked = { components: components.length / halves, stride, halves, workerIds: ids };
    const workers = ids.map((id, at) => ({ id, speed: 1 + 0.5 * (at % 3), hostId: id }));
    return {
      partition,
      cluster: { ...cluster, workers, placement: placeComponents(asked) },
      settings: { ...settings, stride, numInferenceSteps: 1 + 240 * stride },
    };
  });
