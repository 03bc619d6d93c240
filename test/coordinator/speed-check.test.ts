import { describe, expect, it } from 'vitest';
import { type CheckedDeployment, speedWarning } from '../../coordinator/jobs/speed-check.js';

interface Checked {
  readonly machine: string;
  readonly device?: string;
  readonly speed?: number;
  readonly costMs: number;
  readonly tookMs: number;
}

/** One segment on each worker. */
function deployment(workers: readonly Checked[], declared = false): CheckedDeployment {
  return {
    workers: workers.map(({ machine, device = 'cuda:0', speed = 1 }, at) => ({
      id: `id${at}`,
      name: `w${at + 1}`,
      speed,
      facts: { machineId: machine, device, threads: 1 },
    })),
    segmentMs: new Map(workers.map(({ tookMs }, at) => [`id${at}/s${at}`, tookMs])),
    plan: {
      declared,
      settings: { recut: 'off' },
      partition: { segments: workers.map(({ costMs }, at) => ({ id: `s${at}`, costMs })) },
    },
  } as unknown as CheckedDeployment;
}

describe('speedWarning', () => {
  const uneven = [
    { machine: 'a', costMs: 10, tookMs: 1 },
    { machine: 'b', costMs: 10, tookMs: 2 },
  ];

  it('tells the speeds that would make the load even', () => {
    expect(speedWarning(deployment(uneven))).toBe(
      'the parts take uneven times; for an even load start the workers with --speed: w1 1.00, w2 0.50',
    );
    // A second GPU of one host is compared as well.
    expect(speedWarning(deployment(uneven.map((one) => ({ ...one, machine: 'a' }))))).toContain('w2 0.50');
  });

  it('is content when the plan knew', () => {
    const known = [
      { machine: 'a', costMs: 20, tookMs: 2 },
      { machine: 'b', speed: 0.5, costMs: 10, tookMs: 2 },
    ];
    expect(speedWarning(deployment(known))).toBeUndefined();
    const nearly = [
      { machine: 'a', costMs: 10, tookMs: 10 },
      { machine: 'b', costMs: 10, tookMs: 11.9 },
    ];
    expect(speedWarning(deployment(nearly))).toBeUndefined();
  });

  it('says nothing of processes that share a processor, of declared devices, and of one worker', () => {
    const shared = uneven.map((one) => ({ ...one, machine: 'a', device: 'cpu' }));
    expect(speedWarning(deployment(shared))).toBeUndefined();
    expect(speedWarning(deployment(uneven, true))).toBeUndefined();
    expect(speedWarning(deployment(uneven.slice(0, 1)))).toBeUndefined();
  });
});
