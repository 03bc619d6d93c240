import { expect, it } from 'vitest';
import { classifyHosts, workerWarnings } from '../../../cli/bench/index.js';
import { workerFact } from '../../support/bench-sample.js';

const at = (hostId: string, machineId: string) => ({ hostName: hostId, hostId, machineId });

it.each([
  ['processes on one host', [at('h1', 'm1'), at('h1', 'm1')], 1, 'one host'],
  ['namespaces of one machine', [at('h1', 'm1'), at('h2', 'm1')], 2, '2 network namespaces on one machine'],
  ['hosts', [at('h1', 'm1'), at('h2', 'm2'), at('h2', 'm2')], 2, '2 hosts'],
  [
    'namespaces of two machines',
    [at('h1', 'm1'), at('h2', 'm1'), at('h3', 'm2')],
    3,
    '3 network namespaces on 2 machines',
  ],
  [
    'workers that do not tell their machine',
    [at('h1', ''), at('h2', '')],
    2,
    '2 network namespaces on one machine',
  ],
])('tells %s', (_what, workers, hosts, label) => {
  expect(classifyHosts(workers)).toMatchObject({ hosts, label });
});

it('does not go by host names', () => {
  const workers = ['node-1', 'node-2'].map((hostName) => ({ hostName, hostId: 'h', machineId: 'm' }));
  expect(classifyHosts(workers).label).toBe('one host');
});

it('warns of mixed versions and devices', () => {
  const workers = [workerFact('a'), workerFact('b', { version: '1.0.1', threads: 2 })];
  expect(workerWarnings(workers, '1.0.0')).toEqual([
    'mixed asyncdiff versions: 1.0.0, 1.0.1',
    'mixed devices (sequential runs on the first worker): cpu with 1 thread, cpu with 2 threads',
  ]);
  expect(workerWarnings([workerFact('a'), workerFact('b')], '1.0.0')).toEqual([]);
  expect(workerWarnings([workerFact('a')], '0.9.0')).toEqual(['mixed asyncdiff versions: 0.9.0, 1.0.0']);
});
