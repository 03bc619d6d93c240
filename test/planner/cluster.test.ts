import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { DEFAULT_LINK } from '../../planner/search/index.js';
import { clusterOf, type PlanRequest } from '../../planner/index.js';

const worker = (id: string, hostId: string, roundTripMs = 2) => ({ id, hostId, speed: 1, roundTripMs });

const request: PlanRequest = {
  source: { kind: 'profile', profileJson: '{}' },
  settings: resolvePlanSettings({ components: 3 }),
  workers: [worker('a', 'h1'), worker('b', 'h1'), worker('c', 'h2', 6)],
  links: [{ from: 'a', to: 'c', roundTripMs: 0.4, bytesPerSecond: 1e9 }],
  batchRepeat: 1,
  workDir: '',
  threads: 1,
};
const { links } = clusterOf(request, [['a'], ['b'], ['c']], 1024);

it('takes a measured link at what it gives beside others: less than it gave alone', () => {
  const { latencyMs, bytesPerSecond } = links('a', 'c');
  expect(latencyMs).toBe(0.2);
  expect(bytesPerSecond).toBeCloseTo(0.93e9, -3);
});

it('takes the way to the coordinator at the rate of the fastest link that the worker has to another host', () => {
  const { coordinatorLinks } = clusterOf(
    {
      ...request,
      links: [
        { from: 'a', to: 'c', roundTripMs: 0.4, bytesPerSecond: 1e7 },
        { from: 'c', to: 'b', roundTripMs: 0.4, bytesPerSecond: 2e7 },
      ],
    },
    [['a'], ['b'], ['c']],
    1024,
  );
  const seconds = (id: string): number => 1 / coordinatorLinks(id).bytesPerSecond;
  // What serialising takes comes on top, the same for each.
  expect(seconds('a') - seconds('c')).toBeCloseTo(1 / 0.93e7 - 1 / 1.86e7, 12);
  expect(seconds('b')).toBe(seconds('c'));
});

it('takes a link that was not measured as loopback on one host, and by the longer way to the coordinator otherwise', () => {
  expect(links('a', 'b').latencyMs).toBe(DEFAULT_LINK.latencyMs);
  expect(links('c', 'a').latencyMs).toBe(3);
  expect(links('c', 'a').bytesPerSecond).toBeLessThan(DEFAULT_LINK.bytesPerSecond);
});
