import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsyncDiffError } from '../../../common/errors/index.js';
import {
  classifyNodes,
  type PartitionOptions,
  partitionGraph,
  uniformCluster,
} from '../../../planner/search/index.js';
import { hopsFrom, type Partition, sitesOf, workersOf } from '../../../program/index.js';
import { runSegment, wholeFormula } from '../../support/dataflow.js';
import { randomGraph } from '../../support/random-graph.js';

/** Options for a graph with `mainCount` nodes to cut. */
const randomOptions = fc.record({
  components: fc.integer({ min: 1, max: 5 }),
  shape: fc.constantFrom('auto' as const, 'sequential' as const, 'u-shaped' as const),
  microCuts: fc.integer({ min: 1, max: 4 }),
  lag: fc.constantFrom(1 as const, 2 as const),
  wireDtype: fc.constantFrom('float32' as const, 'float16' as const),
  stride: fc.integer({ min: 1, max: 3 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  recomputeShare: fc.constantFrom(0, 0.01, 1),
});

const mainNodesOf = (graph: Parameters<typeof classifyNodes>[0]) =>
  classifyNodes(graph).flatMap((kind, node) => (kind === 'main' ? [node] : []));

const cut = fc.tuple(randomGraph(), randomOptions).map(([graph, options]) => {
  const fitting: PartitionOptions = {
    ...options,
    components: Math.min(options.components, mainNodesOf(graph).length),
  };
  return { graph, options: fitting, partition: partitionGraph(graph, fitting) };
});

describe('a partition of any graph', () => {
  test('has every main node in exactly one segment, and only replicated nodes besides', () => {
    fc.assert(
      fc.property(cut, ({ graph, options, partition }) => {
        const kinds = classifyNodes(graph);
        const own = partition.segments.flatMap((segment) =>
          segment.nodes.filter((node) => !segment.replicatedNodes.includes(node)),
        );
        expect(own.toSorted((a, b) => a - b)).toEqual(mainNodesOf(graph));
        for (const segment of partition.segments) {
          // Nodes of the kind `main` are computed twice only on the way to what the segment recomputes.
          const again = segment.replicatedNodes.filter((node) => kinds[node] !== 'replicated');
          expect(again.length > 0).toBe(segment.recomputes.length > 0);
          for (const node of again) expect(kinds[node]).toBe('main');
          expect(segment.nodes).toEqual([...new Set(segment.nodes)].sort((a, b) => a - b));
        }
        expect(partition.components.map((one) => one.index)).toEqual(
          Array.from({ length: options.components }, (_, at) => at + 1),
        );
        expect(partition.segments.at(-1)!.component).toBe(options.components);
      }),
      { numRuns: 150 },
    );
  });

  test('computes, segment by segment in order, what the whole graph computes', () => {
    fc.assert(
      fc.property(cut, ({ graph, partition }) => {
        const store = new Map(graph.inputs.map(({ name }) => [name, name]));
        for (const segment of partition.segments) {
          const reads = (name: string) =>
            name.startsWith('local ') ? store.get(`${segment.component} ${name}`) : store.get(name);
          for (const [name, formula] of runSegment(graph, partition, segment, reads)) {
            const local = name.startsWith('local ');
            store.set(local ? `${segment.component} ${name}` : name, formula);
          }
        }
        expect(store.get(graph.output)).toBe(wholeFormula(graph));
      }),
      { numRuns: 150 },
    );
  });

  test('sends every boundary tensor exactly once to each worker that consumes it', () => {
    fc.assert(
      fc.property(cut, fc.integer({ min: 1, max: 3 }), ({ graph, options, partition }, perHost) => {
        const uniform = uniformCluster(graph, options, options.components);
        const cluster = {
          ...uniform,
          workers: uniform.workers.map((worker, at) => ({
            ...worker,
            hostId: `h${Math.floor(at / perHost)}`,
          })),
        };
        for (const tensor of partition.boundaryTensors) {
          const from = workersOf(cluster.placement, tensor.producer).at(-1)!;
          const expected = tensor.consumers.flatMap((consumer) => workersOf(cluster.placement, consumer));
          const hops = hopsFrom(tensor, from, sitesOf(cluster));
          expect(hops.map((hop) => hop.to).toSorted()).toEqual(
            [...new Set(expected)].filter((id) => id !== from).toSorted(),
          );
          // Into each host other than the producer's it goes once, where there is one producer.
          if (workersOf(cluster.placement, tensor.producer).length > 1) continue;
          const host = (id: string) => cluster.workers.find((worker) => worker.id === id)!.hostId;
          const entered = hops.filter((hop) => host(hop.from) !== host(hop.to)).map((hop) => host(hop.to));
          expect(entered).toEqual([...new Set(entered)]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('names what is read and written on both sides alike', () => {
    fc.assert(
      fc.property(cut, ({ graph, options, partition }) => {
        for (const tensor of partition.boundaryTensors) {
          const writers = partition.segments.filter((one) => one.boundaryWrites.includes(tensor.name));
          const readers = partition.segments.filter((one) => one.boundaryReads.includes(tensor.name));
          expect(writers.map((one) => one.component)).toEqual([tensor.producer]);
          expect([...new Set(readers.map((one) => one.component))].sort((a, b) => a - b)).toEqual(
            tensor.consumers,
          );
          expect(tensor.consumers).not.toContain(tensor.producer);
          expect(tensor.value).not.toBe(graph.sampleInput);
          const { bytes } = graph.values.get(tensor.value)!;
          expect(tensor.bytes).toBe(options.wireDtype === 'float16' ? bytes / 2 : bytes);
          expect(tensor.name).toBe(
            options.wireDtype === 'float16' ? `${tensor.value}:float16` : tensor.value,
          );
        }
        for (const segment of partition.segments) {
          const made = segment.nodes.flatMap((node) => graph.nodes[node]!.outputs);
          const read = partition.boundaryTensors.filter(({ name }) => segment.boundaryReads.includes(name));
          // What a session makes it does not read: an ONNX graph with both is invalid.
          for (const value of [...read.map((one) => one.value), ...segment.localReads])
            expect(made).not.toContain(value);
          for (const value of segment.recomputes) expect(made).toContain(value);
          if (options.recomputeShare === 0) expect(segment.recomputes).toEqual([]);
        }
        if (options.components === 1) expect(partition.boundaryTensors).toEqual([]);
        if (options.lag === 1) expect(partition.boundaryTensors.every((one) => one.lag === 1)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('with lag 2 adds exactly one round to every way around the ring', () => {
    fc.assert(
      fc.property(cut, ({ options, partition }) => {
        if (options.lag === 1 || options.components === 1) return;
        const last = partition.components.length;
        const place = (producer: number) => (producer === last ? 0 : producer);
        const lagged = partition.boundaryTensors.filter((one) => one.lag === 2);
        // There is a cut that every lagged tensor crosses and every other one does not.
        const isCut = (at: number) =>
          partition.boundaryTensors.every((one) => {
            const crosses = place(one.producer) <= at && one.consumers.at(-1)! > at;
            return crosses === (one.lag === 2);
          });
        expect(Array.from({ length: last }, (_, at) => at).some(isCut)).toBe(true);
        expect(lagged.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });

  test('sums weights and shares as its segments say', () => {
    fc.assert(
      fc.property(cut, ({ graph, partition }) => {
        const total = (partition: Partition) => partition.segments.reduce((sum, one) => sum + one.costMs, 0);
        expect(partition.components.reduce((sum, one) => sum + one.costMs, 0)).toBeCloseTo(total(partition));
        for (const segment of partition.segments) {
          const names = new Set(segment.nodes.flatMap((node) => graph.nodes[node]!.weights));
          const bytes = [...names].reduce((sum, name) => sum + graph.weightBytes.get(name)!, 0);
          expect(segment.weightBytes).toBe(bytes);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('is refused with the largest possible number if there are too few nodes', () => {
    fc.assert(
      fc.property(randomGraph(12), (graph) => {
        const most = mainNodesOf(graph).length;
        expect(partitionGraph(graph, { components: most }).components).toHaveLength(most);
        try {
          partitionGraph(graph, { components: most + 1 });
          expect.unreachable();
        } catch (error) {
          expect(error).toBeInstanceOf(AsyncDiffError);
          expect(error).toMatchObject({ code: 'partition_impossible' });
          expect((error as AsyncDiffError).rawMessage).toContain(`at most ${most}`);
        }
      }),
      { numRuns: 50 },
    );
  });
});
