import { describe, expect, it } from 'vitest';
import { LATENTS } from '../../program/index.js';
import { context, executor, issued, tail, vector } from '../support/fake-segments.js';

describe('TaskExecutor', () => {
  it('asks for what has come unasked before it looks, and says when it has nothing to do', async () => {
    let starved = 0;
    let unasked: (() => void) | undefined;
    const { tasks, noise } = executor(false, {
      collect: () => {
        const add = unasked;
        unasked = undefined;
        add?.();
      },
      onStarved: () => (starved += 1),
    });
    const isB = (name: string): boolean => name === 'b';
    const isLatents = (name: string): boolean => name === LATENTS;
    tasks.load('plan', [tail()]);
    tasks.addRound('job', 0, issued(1, ['tail']));
    expect(tasks.lacksOnly(() => true)).toBe(false);
    tasks.startJob(context('job'));
    await tasks.idle();
    expect([isB, isLatents].map((isMeant) => tasks.lacksOnly(isMeant))).toEqual([false, false]);
    expect(tasks.lacksOnly((name) => isB(name) || isLatents(name))).toBe(true);
    tasks.addTensor('job', 0, LATENTS, 1, vector(1, 1));
    await tasks.idle();
    expect([isB, isLatents].map((isMeant) => tasks.lacksOnly(isMeant))).toEqual([true, false]);
    const before = starved;
    expect(before).toBeGreaterThan(0);
    unasked = () => tasks.addTensor('job', 0, 'b', 0, vector(5, 6));
    tasks.addRound('job', 0, issued(2, ['tail']));
    await tasks.idle();
    expect([...noise]).toEqual([[1, [4, 5]]]);
    expect(starved).toBe(before + 1);
    // Of a job that has ended nothing is kept.
    expect(tasks.endJob('job', 0)).toBeDefined();
    tasks.addTensor('job', 0, LATENTS, 2, vector(1, 1));
    expect(tasks.lacksOnly(() => true)).toBe(false);
    expect(tasks.endJob('job', 0)).toBeUndefined();
  });
});
