import { describe, expect, it } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { Deadline, describeWaits, Mailbox, openWaits, Pending } from '../../common/pending/index.js';

const gone = new AsyncDiffError('worker_lost', 'gone');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('Pending', () => {
  it('settles by key, once; what nobody waits for does nothing', async () => {
    const pending = new Pending<number>();
    const [a, b, c] = ['a', 'b', 'c'].map((key) => pending.wait(key, { what: key }));
    expect([pending.resolve('a', 1), pending.resolve('a', 2)]).toEqual([true, false]);
    expect(pending.reject('b', gone)).toBe(true);
    expect(pending.resolve('nobody', 0)).toBe(false);
    pending.rejectAll(gone);
    expect(await a).toBe(1);
    await expect(b).rejects.toBe(gone);
    await expect(c).rejects.toBe(gone);
    expect(pending.size).toBe(0);
  });

  it('ends a wait that takes too long, with the error that was asked for, and not one that makes progress', async () => {
    const pending = new Pending<string>();
    const late = pending.wait('late', { what: 'worker w1: started', withinMs: 20 });
    const named = pending.wait('named', { what: 'x', withinMs: 20, lateError: () => gone });
    const moving = pending.wait('moving', { what: 'x', withinMs: 200 });
    await expect(late).rejects.toMatchObject({
      code: 'deadline_exceeded',
      rawMessage: expect.stringMatching(/^worker w1: started: not in \d/),
    });
    await expect(named).rejects.toBe(gone);
    for (let turn = 0; turn < 5; turn++) {
      await pause(60);
      expect(pending.extend('moving')).toBe(true);
    }
    expect(pending.resolve('moving', 'there')).toBe(true);
    expect(await moving).toBe('there');
  });

  it('ends with its signal, at once where that is aborted already, and forgets the signal', async () => {
    const pending = new Pending<number>();
    const controller = new AbortController();
    const wait = pending.wait('a', { what: 'a', signal: controller.signal });
    controller.abort(gone);
    await expect(wait).rejects.toBe(gone);
    await expect(pending.wait('a', { what: 'a', signal: controller.signal })).rejects.toBe(gone);
    expect(pending.size).toBe(0);
  });

  it('a key that is waited for anew ends the older wait', async () => {
    const pending = new Pending<number>();
    const older = pending.wait('a', { what: 'a' });
    const newer = pending.wait('a', { what: 'a' });
    await expect(older).rejects.toMatchObject({ code: 'cancelled' });
    pending.resolve('a', 3);
    expect(await newer).toBe(3);
  });

  it('lists what is waited for, the longest first, and nothing that is over', async () => {
    const pending = new Pending<number>();
    const first = pending.wait('1', { what: 'first', withinMs: 60_000 });
    await pause(2);
    const second = pending.wait('2', { what: 'second' });
    expect(openWaits().map(({ what }) => what)).toEqual(['first', 'second']);
    expect(describeWaits()).toEqual([
      expect.stringMatching(/^first: for 0\.\d s, limit 60\.0 s$/),
      expect.stringMatching(/^second: for 0\.\d s, no limit of its own$/),
    ]);
    pending.resolve('1', 1);
    pending.resolve('2', 1);
    await Promise.all([first, second]);
    expect(openWaits()).toEqual([]);
  });
});

describe('Deadline', () => {
  it('does not count the time for which this process was stopped', async () => {
    let late = 0;
    const deadline = new Deadline(50, () => (late += 1));
    // As SIGSTOP would: the timer is due, and so is what came meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    await pause(20);
    expect(late).toBe(0);
    deadline.extend();
    deadline.clear();
    await pause(100);
    expect(late).toBe(0);
  });
});

describe('Mailbox', () => {
  it('whoever comes first waits for the other; after a failure what has arrived can still be taken', async () => {
    const mailbox = new Mailbox<string>();
    const early = mailbox.take(1, { what: 'one' });
    mailbox.deliver(1, 'one');
    mailbox.deliver(2, 'two');
    expect(await early).toBe('one');
    const never = mailbox.take(3, { what: 'three' });
    mailbox.fail(gone);
    mailbox.fail(new AsyncDiffError('cancelled', 'later'));
    await expect(never).rejects.toBe(gone);
    expect(await mailbox.take(2, { what: 'two' })).toBe('two');
    await expect(mailbox.take(4, { what: 'four' })).rejects.toBe(gone);
  });
});
