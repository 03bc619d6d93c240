import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Egress, type Sender } from '../../worker/exchange/egress.js';

/** A sender of `count` frames, which the test takes one by one. */
function sender(name: string, dueMs: number, count: number, egress: Egress, log: string[]) {
  const one = {
    dueMs,
    left: count,
    taken: undefined as (() => void) | undefined,
    send(done: () => void): boolean {
      if (one.left === 0) return false;
      one.left -= 1;
      log.push(name);
      one.taken = () => {
        if (one.left > 0) egress.request(one);
        done();
      };
      return true;
    },
  };
  egress.request(one);
  return one satisfies Sender;
}

describe('Egress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const turn = () => vi.advanceTimersByTimeAsync(0);

  test('of what is ready in one turn, the first that is due leaves first', async () => {
    const log: string[] = [];
    const egress = new Egress();
    const late = sender('late', 20, 1, egress, log);
    const soon = sender('soon', 10, 1, egress, log);
    await turn();
    expect(log).toEqual(['soon']);
    soon.taken?.();
    late.taken?.();
    expect(log).toEqual(['soon', 'late']);
  });

  test('what is due sooner goes between the slices of something large', async () => {
    const log: string[] = [];
    const egress = new Egress();
    const large = sender('large', 20, 3, egress, log);
    await turn();
    const urgent = sender('urgent', 10, 1, egress, log);
    large.taken?.();
    urgent.taken?.();
    large.taken?.();
    expect(log).toEqual(['large', 'urgent', 'large', 'large']);
  });

  test('of two that are due together the one that has begun goes on', async () => {
    const log: string[] = [];
    const egress = new Egress();
    const [a, b] = [sender('a', 10, 2, egress, log), sender('b', 10, 2, egress, log)];
    await turn();
    a.taken?.();
    a.taken?.();
    b.taken?.();
    expect(log).toEqual(['a', 'a', 'b', 'b']);
  });

  test('a frame that is not taken holds the others up for a second only, and does no harm when it is', async () => {
    const log: string[] = [];
    const egress = new Egress();
    const stuck = sender('stuck', 10, 1, egress, log);
    await turn();
    const other = sender('other', 20, 1, egress, log);
    await vi.advanceTimersByTimeAsync(900);
    expect(log).toEqual(['stuck']);
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['stuck', 'other']);
    stuck.taken?.();
    sender('third', 5, 1, egress, log);
    await turn();
    expect(log).toEqual(['stuck', 'other']);
    other.taken?.();
    expect(log).toEqual(['stuck', 'other', 'third']);
  });

  test('one that has nothing left is passed over, one that withdraws is forgotten', async () => {
    const log: string[] = [];
    const egress = new Egress();
    const empty = sender('empty', 1, 0, egress, log);
    const gone = sender('gone', 2, 1, egress, log);
    egress.withdraw(gone);
    sender('next', 3, 1, egress, log);
    await turn();
    expect(log).toEqual(['next']);
    expect(empty.left).toBe(0);
  });
});
