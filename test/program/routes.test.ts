import { describe, expect, test } from 'vitest';
import { partitionGraph } from '../../planner/search/index.js';
import { simulate } from '../../planner/simulator/index.js';
import { type Cluster, type Placement, routeTensors, sitesOf } from '../../program/index.js';
import { chainGraph } from '../support/random-graph.js';

/** Workers `a`, `b`, ... on hosts, with free links. */
function clusterOf(placement: Placement, hosts: Readonly<Record<string, string>>): Cluster {
  const link = { latencyMs: 1, bytesPerSecond: Number.POSITIVE_INFINITY, overheadMs: 0 };
  return {
    workers: Object.entries(hosts).map(([id, hostId]) => ({ id, hostId, speed: 1 })),
    placement,
    links: () => link,
    coordinatorLinks: () => link,
    latentBytes: 64,
    samplerMs: 0,
    taskOverheadMs: 0,
  };
}

describe('routes', () => {
  const shapes = {
    'a U-shaped component N with replicas': { shape: 'u-shaped', placement: [['a'], ['b'], ['c', 'd']] },
    'a U-shaped component N alone': { shape: 'u-shaped', placement: [['a'], ['b'], ['c']] },
    'a chain with replicas': { shape: 'sequential', placement: [['a'], ['b'], ['c', 'd']] },
  } as const;

  test.each(Object.entries(shapes))('%s: what is predicted to travel is what is deployed', (_, plan) => {
    const { placement, shape } = plan;
    const partition = partitionGraph(chainGraph([1, 1, 1, 1]), { components: 3, shape });
    const cluster = clusterOf(placement, { a: 'h1', b: 'h1', c: 'h2', d: 'h1' });
    const routes = routeTensors(partition, placement, sitesOf(cluster).hostOf);
    const deployed = new Set<string>();
    for (const [from, { outgoing }] of routes.byWorker)
      for (const [name, targets] of outgoing)
        for (const to of targets.keys()) deployed.add(`${name} ${from}>${to}`);

    const settings = { numInferenceSteps: 20, stride: 2, warmUp: 2, timeShift: false };
    const { spans } = simulate(partition, cluster, settings);
    const predicted = new Set(
      spans
        .filter(({ kind }) => kind === 'transfer')
        .map(({ label, worker, to }) => `${label.slice(0, label.lastIndexOf('@'))} ${worker}>${to}`),
    );
    expect([...predicted].toSorted()).toEqual([...deployed].toSorted());
  });

  test('with several makers nobody hands on: each reader gets it from the maker itself', () => {
    const partition = partitionGraph(chainGraph([1, 1, 1, 1]), { components: 3, shape: 'u-shaped' });
    const { byWorker } = routeTensors(partition, [['a'], ['b'], ['c', 'd']], () => 'one host');
    for (const { name, producer } of partition.boundaryTensors) {
      if (producer !== 3) continue;
      expect(byWorker.get('a')?.outgoing.has(name) ?? false).toBe(false);
      for (const maker of ['c', 'd'])
        expect(byWorker.get(maker)?.outgoing.get(name)?.size).toBeGreaterThan(0);
    }
  });
});
