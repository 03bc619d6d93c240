import { describe, expect, it } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { JobQueue } from '../../coordinator/jobs/job-queue.js';

const never = new AbortController().signal;

function gate(): { wait: () => Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait: () => opened, open };
}

/** Rejects when the job is told to end. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

describe('JobQueue', () => {
  it('runs one job at a time, in the order in which they came, and tells positions', async () => {
    const queue = new JobQueue(10);
    const order: string[] = [];
    const positions: Record<string, number[]> = { a: [], b: [], c: [] };
    const first = gate();
    const job = (id: string, work: () => Promise<void>) =>
      queue.run(
        id,
        never,
        (position) => positions[id]?.push(position),
        async () => {
          order.push(id);
          await work();
        },
      );
    const all = [job('a', first.wait), job('b', async () => {}), job('c', async () => {})];
    expect([queue.running, queue.queued]).toEqual([1, 2]);
    first.open();
    await Promise.all(all);
    expect(order).toEqual(['a', 'b', 'c']);
    expect(positions).toEqual({ a: [0], b: [1], c: [2, 1] });
    expect([queue.running, queue.queued]).toEqual([0, 0]);
  });

  it('goes on after a job that failed', async () => {
    const queue = new JobQueue(1);
    const failing = queue.run(
      'a',
      never,
      () => {},
      async () => {
        throw new Error('no');
      },
    );
    const next = queue.run(
      'b',
      never,
      () => {},
      async () => 'done',
    );
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('done');
  });

  it('refuses more than may wait', async () => {
    const queue = new JobQueue(0);
    const first = gate();
    const running = queue.run('a', never, () => {}, first.wait);
    await expect(
      queue.run(
        'b',
        never,
        () => {},
        async () => {},
      ),
    ).rejects.toMatchObject({ code: 'queue_full' });
    first.open();
    await running;
    await queue.run(
      'c',
      never,
      () => {},
      async () => {},
    );
  });

  it('cancels a running and a waiting job, by id or by the signal of the client', async () => {
    const queue = new JobQueue(5);
    const client = new AbortController();
    const running = queue.run('a', never, () => {}, untilAborted);
    const waiting = queue.run(
      'b',
      never,
      () => {},
      async () => {},
    );
    const gone = queue.run(
      'c',
      client.signal,
      () => {},
      async () => {},
    );
    client.abort(new AsyncDiffError('cancelled', 'went away'));
    await expect(gone).rejects.toMatchObject({ code: 'cancelled', rawMessage: 'went away' });
    expect(queue.cancel('b')).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled', rawMessage: 'job b was cancelled' });
    expect(queue.cancel('a')).toBe(true);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(queue.cancel('a')).toBe(false);
    await expect(
      queue.run(
        'd',
        client.signal,
        () => {},
        async () => {},
      ),
    ).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('once closed refuses those that wait and those that come; the running one goes on until it is aborted', async () => {
    const queue = new JobQueue(5);
    const running = queue.run('a', never, () => {}, untilAborted);
    const waiting = queue.run(
      'b',
      never,
      () => {},
      async () => {},
    );
    const error = new AsyncDiffError('coordinator_unreachable', 'shutting down');
    queue.close(error);
    await expect(waiting).rejects.toBe(error);
    await expect(
      queue.run(
        'c',
        never,
        () => {},
        async () => {},
      ),
    ).rejects.toBe(error);
    expect(queue.running).toBe(1);
    queue.abort(error);
    await expect(running).rejects.toBe(error);
    expect(queue.running).toBe(0);
  });
});
