import { describe, expect, test } from 'vitest';
import { describePartition, partitionGraph, searchPartition } from '../../../planner/search/index.js';
import { chainGraph } from '../../support/random-graph.js';
import { unetGraph } from '../../support/unet-graph.js';

const FREE = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, serializeMsPerMb: 0 };
const free = { link: FREE, coordinatorLink: FREE, samplerMs: 0, taskOverheadMs: 0 };

describe('partitionGraph', () => {
  test('balances a chain', () => {
    const graph = chainGraph(Array.from({ length: 12 }, () => 1));
    const { components } = partitionGraph(graph, { components: 3, shape: 'sequential', ...free });
    expect(components.map((one) => one.costMs)).toEqual([4, 4, 4]);
    expect(components.map((one) => one.share)).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });

  test('gives a faster worker more', () => {
    const graph = chainGraph(Array.from({ length: 12 }, () => 1));
    const options = { components: 2, shape: 'sequential' as const, speeds: [2, 1], ...free };
    expect(partitionGraph(graph, options).components.map((one) => one.costMs)).toEqual([8, 4]);
  });

  test('makes component N smaller where it runs twice a round, unless it has two workers', () => {
    const graph = chainGraph(Array.from({ length: 12 }, () => 1));
    const options = { components: 2, shape: 'sequential' as const, stride: 2, ...free };
    expect(partitionGraph(graph, options).components.map((one) => one.costMs)).toEqual([8, 4]);
    const parallel = partitionGraph(graph, { ...options, replicas: 2 });
    expect(parallel.components.map((one) => one.costMs)).toEqual([6, 6]);
  });

  test('keeps the skips of a U-Net at home where the link is slow', () => {
    const graph = unetGraph(3, 2, 12);
    const link = { latencyMs: 0.1, bytesPerSecond: 1.25e9, serializeMsPerMb: 0 };
    const best = (shape: 'auto' | 'sequential') =>
      searchPartition(graph, { components: 2, shape, link }).best({ microCuts: 1, lag: 1 });
    const chosen = best('auto');
    expect(chosen.partition.shape).toBe('u-shaped');
    expect(chosen.partition.segments.map((one) => one.id)).toEqual(['c2s0', 'c1s0', 'c2s1']);
    const sequential = best('sequential');
    expect(sequential.partition.shape).toBe('sequential');
    expect(chosen.predicted.periodMs).toBeLessThan(sequential.predicted.periodMs);
  });

  test('computes what depends on timestep or conditioning only where it is needed', () => {
    const graph = unetGraph(3, 2, 12);
    const partition = partitionGraph(graph, { components: 3 });
    const sent = partition.boundaryTensors.map((one) => one.value);
    expect(sent.filter((name) => name.includes('time_embedding') || name.includes('to_k'))).toEqual([]);
    const time = graph.nodes.findIndex((node) => node.name.includes('time_embedding'));
    for (const segment of partition.segments) expect(segment.replicatedNodes).toContain(time);
    const keys = graph.nodes.flatMap((node, at) => (node.name.includes('to_k') ? [at] : []));
    for (const node of keys) {
      expect(partition.segments.filter((one) => one.replicatedNodes.includes(node))).toHaveLength(1);
    }
  });

  test('what one node makes from the latents is computed where it is read, not sent', () => {
    const plain = unetGraph(3, 2, 12);
    const lastBlock = plain.nodes.findLastIndex((node) => node.name.endsWith('/resnets/Concat'));
    const nodes = plain.nodes.map((node, at) =>
      at === lastBlock ? { ...node, inputs: [...node.inputs, '/conv_in/Conv_output_0'] } : node,
    );
    const graph = { ...plain, nodes };
    const cut = (recomputeShare?: number, shape: 'sequential' | 'u-shaped' = 'sequential') =>
      partitionGraph(graph, { components: 2, shape, recomputeShare });
    const conv = graph.nodes.findIndex((node) => node.name === '/conv_in/Conv');
    const [first, second] = cut().segments;
    expect(first!.recomputes).toEqual([]);
    expect(second).toMatchObject({ recomputes: ['/conv_in/Conv_output_0'], readsSample: true });
    expect(second!.replicatedNodes).toContain(conv);
    expect(cut().boundaryTensors.map((one) => one.value)).not.toContain('/conv_in/Conv_output_0');
    // Without it, it crosses; at home it is not made twice.
    expect(cut(0).boundaryTensors.map((one) => one.value)).toContain('/conv_in/Conv_output_0');
    expect(cut(undefined, 'u-shaped').segments.flatMap((one) => one.recomputes)).toEqual([]);
    // A component of nothing else sends it.
    const alone = partitionGraph(graph, { components: 2, cuts: ['/conv_in/Conv_output_0'] });
    expect(alone.boundaryTensors.map((one) => one.value)).toEqual(['/conv_in/Conv_output_0']);
  });

  test('micro-cuts and lag shorten the round of a U-Net cut in sequence', () => {
    const graph = unetGraph(4, 3, 20);
    const link = { latencyMs: 0.2, bytesPerSecond: 2.5e9, serializeMsPerMb: 0.2 };
    const search = searchPartition(graph, { components: 3, shape: 'sequential', link, taskOverheadMs: 0.05 });
    const plain = search.best({ microCuts: 1, lag: 1 });
    const micro = search.best({ microCuts: 3, lag: 1 });
    const lagged = search.best({ microCuts: 1, lag: 2 });
    expect(plain.partition.segments).toHaveLength(3);
    expect(micro.partition.segments.length).toBeGreaterThan(3);
    expect(micro.partition.segments.length).toBeLessThanOrEqual(9);
    expect(micro.predicted.periodMs).toBeLessThan(plain.predicted.periodMs);
    expect(lagged.predicted.periodMs).toBeLessThan(plain.predicted.periodMs);
  });

  test('cuts large graphs and many components', () => {
    const graph = unetGraph(4, 3, 75);
    expect(graph.nodes.length).toBeGreaterThan(1800);
    const partition = partitionGraph(graph, { components: 16, microCuts: 2, lag: 2, ...free });
    expect(partition.components).toHaveLength(16);
    const shares = partition.components.map((one) => one.share);
    expect(Math.max(...shares)).toBeLessThan(1.6 / 16);
  });

  test('refuses numbers that are out of range', () => {
    const graph = chainGraph([1, 1, 1]);
    const refused = (options: object) => () => partitionGraph(graph, { components: 2, ...options });
    for (const options of [
      { components: 0 },
      { stride: 0 },
      { stride: 1.5 },
      { microCuts: 'auto' },
      { replicas: 0 },
    ]) {
      expect(refused(options)).toThrow(/invalid_settings.*must be a whole number/);
    }
  });

  test('refuses a prediction that does not depend on the latents', () => {
    const graph = chainGraph([1, 1, 1]);
    expect(() => partitionGraph({ ...graph, sampleInput: 'context' }, { components: 2 })).toThrow(
      /model_unsupported/,
    );
  });

  test('refuses nodes that are not in order of execution', () => {
    const graph = chainGraph([1, 1, 1]);
    expect(() => partitionGraph({ ...graph, nodes: graph.nodes.toReversed() }, { components: 2 })).toThrow(
      /model_invalid/,
    );
  });
});

describe('explicit cuts', () => {
  const graph = unetGraph(3, 2, 12);
  const [a, b] = ['/down_blocks.1/blocks.0/Add_output_0', '/up_blocks.1/blocks.2/Add_output_0'];

  test('end a component with the node that produces the value', () => {
    const partition = partitionGraph(graph, { components: 99, cuts: [a, b] });
    expect(partition.components).toHaveLength(3);
    expect(partition.shape).toBe('sequential');
    expect(partition.cuts).toEqual([a, b]);
    const producers = [a, b].map((name) => graph.nodes.findIndex((node) => node.outputs.includes(name)));
    for (const [at, segment] of partition.segments.slice(0, 2).entries()) {
      expect(segment.nodes.at(-1)).toBe(producers[at]);
    }
    // The skips that jump over component 2 go to component 3 directly.
    const far = partition.boundaryTensors.filter((one) => one.producer === 1 && one.consumers.includes(3));
    expect(far.map((one) => one.value)).toContain('/down_blocks.0/blocks.0/Add_output_0');
  });

  test('made of a partition make it again', () => {
    const first = partitionGraph(graph, { components: 4, shape: 'sequential' });
    const again = partitionGraph(graph, { components: 4, cuts: first.cuts });
    expect(again).toEqual(first);
  });

  test('make a U-shape where one is asked for', () => {
    const first = partitionGraph(graph, { components: 3, shape: 'u-shaped' });
    expect(first.cuts).toHaveLength(3);
    expect(partitionGraph(graph, { components: 9, shape: 'u-shaped', cuts: first.cuts })).toEqual(first);
    const one = () => partitionGraph(graph, { components: 2, shape: 'u-shaped', cuts: [a] });
    expect(one).toThrow(/partition_impossible.*down_blocks.*a U-shape needs two cuts/);
  });

  test.each([
    [['/no/such/value'], /partition_impossible.*\/no\/such\/value.*no node/],
    [['/time_embedding/linear/Gemm_output_0'], /partition_impossible.*time_embedding.*does not lie between/],
    [[b, a], /partition_impossible.*down_blocks.*not produced after/],
    [[a, a], /partition_impossible.*down_blocks.*not produced after/],
    [['/conv_out/Conv_output_0'], /partition_impossible.*conv_out.*nothing is left/],
    [['sample'], /partition_impossible.*sample.*no node/],
  ])('%j are refused with the reason', (cuts, message) => {
    expect(() => partitionGraph(graph, { components: 2, cuts })).toThrow(message);
  });
});

describe('describePartition', () => {
  test('says what each component computes, holds and receives', () => {
    const graph = unetGraph(2, 1, 8);
    const partition = partitionGraph(graph, { components: 2, shape: 'sequential', wireDtype: 'float16' });
    const description = describePartition(partition);
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
    const [first, second] = description.components;
    expect(first!.receives).toEqual([]);
    expect(second!.receives.length).toBeGreaterThan(0);
    expect(second!.receives[0]).toMatchObject({ from: 1, dtype: 'float16', lag: 1 });
    expect(first!.share + second!.share).toBeGreaterThanOrEqual(1);
    expect(description.bytes_per_round).toBe(second!.receives.reduce((sum, one) => sum + one.bytes, 0));
    expect(description.broadcast_bytes_per_round).toBeGreaterThan(description.bytes_per_round);
  });
});
