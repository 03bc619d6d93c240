import { describe, expect, test } from 'vitest';
import { chooseSettings } from '../../../planner/simulator/index.js';
import { unetGraph } from '../../support/unet-graph.js';

describe('chooseSettings', () => {
  const graph = unetGraph(4, 3, 20);
  const slow = { latencyMs: 0.2, bytesPerSecond: 2.5e9, serializeMsPerMb: 0.2 };

  test('takes micro-cuts where they shorten the round, and lag 2 only where it is allowed', () => {
    const options = { components: 3, shape: 'sequential' as const, link: slow, taskOverheadMs: 0.05 };
    const chosen = chooseSettings(graph, options);
    expect(chosen.lag).toBe(1);
    expect(chosen.microCuts).toBeGreaterThan(1);
    expect(chosen.tried).toHaveLength(4);
    // The job is what counts; its period is near the shortest all the same.
    const [one, ...more] = chosen.tried.map(({ periodMs }) => periodMs);
    expect(chosen.predicted.periodMs).toBeLessThan(one!);
    expect(chosen.predicted.periodMs).toBeLessThanOrEqual(Math.min(...more) * 1.03);
    expect(chooseSettings(graph, options, { lags: [1, 2] }).tried).toHaveLength(8);
  });

  test('takes fewer sessions where what goes between them is copied to the host and back', () => {
    const options = { components: 3, shape: 'sequential' as const, link: slow, taskOverheadMs: 0.05 };
    const stays = chooseSettings(graph, { ...options, hostCopy: { msPerByte: 3e-7, includesLocal: false } });
    const copied = chooseSettings(graph, { ...options, hostCopy: { msPerByte: 3e-7, includesLocal: true } });
    const sessions = ({ partition }: typeof stays): number => partition.segments.length;
    expect(stays.microCuts).toBeGreaterThan(1);
    expect(sessions(copied)).toBeLessThan(sessions(stays));
  });

  test('takes one session and lag 1 where nothing else helps', () => {
    const free = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, serializeMsPerMb: 0 };
    const options = { components: 2, link: free, coordinatorLink: free };
    expect(chooseSettings(graph, options, { lags: [1, 2] })).toMatchObject({ microCuts: 1, lag: 1 });
    expect(chooseSettings(graph, { components: 1 })).toMatchObject({ microCuts: 1, lag: 1 });
  });
});
