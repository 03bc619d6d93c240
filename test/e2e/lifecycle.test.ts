import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient, type JobEvent } from '../../client/index.js';
import { CliProcess } from '../support/child.js';
import { eventually, isAlive } from '../support/cli.js';
import { denoiseOn } from '../support/cluster.js';
import {
  cache,
  files,
  folder,
  health,
  longDenoise,
  smallJob,
  startServe,
  startWorker,
  useFolder,
  workersOf,
} from '../support/served-commands.js';

useFolder();

describe('a command with local workers', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('at %s cancels the job, ends its workers and exits with %i', async (signal, code) => {
    const run = new CliProcess(longDenoise(['--local-workers', '2', ...cache()]));
    await run.until(() => /denoising \d+\/990/.test(run.stderr), 'begin');
    const workers = workersOf(run.pid);
    expect(workers).toHaveLength(2);
    run.kill(signal);
    const ended = await run.exit;
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(/cancelled\n$/);
    await eventually(() => !workers.some(isAlive), 'workers end');
  });

  it('killed outright leaves no worker behind', async () => {
    const run = new CliProcess(longDenoise(['--local-workers', '2', ...cache()]));
    await run.until(() => /denoising \d+\/990/.test(run.stderr), 'begin');
    const workers = workersOf(run.pid);
    expect(workers).toHaveLength(2);
    run.kill('SIGKILL');
    await run.exit;
    await eventually(() => !workers.some(isAlive), 'workers end');
  });

  it('one of its workers killed: the job goes on with the other', async () => {
    const run = new CliProcess([
      'denoise',
      ...files.flags,
      '--num-inference-steps',
      '600',
      '--out',
      join(folder, 'lost.npy'),
      '--local-workers',
      '2',
      '--json',
      ...cache(),
    ]);
    await run.until(() => /denoising \d+\/600/.test(run.stderr), 'begin');
    process.kill(workersOf(run.pid)[1] as number, 'SIGKILL');
    const ended = await run.exit;
    expect(ended.code, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ steps: 600, restarts: 1 });
    expect(ended.stderr).toContain('a worker was lost');
  });
});

describe('a coordinator with one worker', () => {
  let address: string;
  let serve: CliProcess;
  let client: AsyncDiffClient;
  beforeAll(async () => {
    ({ serve, address } = await startServe(['--max-queue', '1']));
    await startWorker(address, 'w1');
    client = new AsyncDiffClient(address);
  });
  afterAll(() => client?.close());

  async function idle(): Promise<void> {
    await eventually(async () => (await client.status()).runningJobs === 0, 'the coordinator is free');
  }

  it('cancels the job of a client that goes away, and takes the next', async () => {
    const away = new AsyncDiffClient(address);
    for await (const event of away.denoise(await smallJob(away, 990))) {
      if (event.type === 'step' && event.step > 3) break;
    }
    await idle();
    const second = await smallJob(away, 990);
    await expect(
      denoiseOn(away, second, (event) => {
        if (event.type === 'step' && event.step === 3) away.close();
      }),
    ).rejects.toMatchObject({ code: 'cancelled', message: expect.stringContaining('client was closed') });
    await idle();
  });

  it('cancels by signal, by CancelJob, and while a job waits', async () => {
    const stop = new AbortController();
    await expect(
      denoiseOn(client, await smallJob(client, 990, stop.signal), (event) => {
        if (event.type === 'step' && event.step === 3) stop.abort();
      }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    await idle();

    expect(await client.cancel('job-that-is-not')).toBe(false);
    const positions: number[] = [];
    let queuedEnded: Promise<unknown> | undefined;
    const running = denoiseOn(client, await smallJob(client, 990), async (event) => {
      if (event.type !== 'step' || event.step !== 3) return;
      const waiting = denoiseOn(client, await smallJob(client, 4), async (other: JobEvent) => {
        if (other.type !== 'queued') return;
        positions.push(other.position);
        await expect(denoiseOn(client, await smallJob(client, 4))).rejects.toMatchObject({
          code: 'queue_full',
        });
        expect(await client.cancel(other.jobId)).toBe(true);
        expect(await client.cancel(event.jobId)).toBe(true);
      });
      queuedEnded = expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    });
    await expect(running).rejects.toMatchObject({
      code: 'cancelled',
      message: expect.stringContaining('job '),
    });
    await queuedEnded;
    expect(positions).toEqual([1]);
    await idle();
    const { done } = await denoiseOn(client, await smallJob(client, 4));
    expect(done.report.steps).toBe(4);
  });

  it('cancels the job of a command that gets Ctrl-C', async () => {
    const run = new CliProcess(longDenoise(['--coordinator', address]));
    await run.until(() => /denoising \d+\/990/.test(run.stderr), 'begin');
    run.kill('SIGINT');
    expect(await run.exit).toMatchObject({ code: 130, stdout: '' });
    await idle();
  });

  it('at SIGTERM is NOT_SERVING, finishes the job, refuses others, and exits with 0', async () => {
    expect(await health(address)).toBe('SERVING');
    expect(await health(address, 'asyncdiff.v1.Coordinator')).toBe('SERVING');
    const states: string[] = [];
    const { done } = await denoiseOn(client, await smallJob(client, 400), async (event) => {
      if (event.type !== 'step' || event.step !== 3) return;
      serve.kill('SIGTERM');
      await eventually(async () => (await health(address)) === 'NOT_SERVING', 'it drains');
      states.push(await health(address, 'asyncdiff.v1.Coordinator'));
      await expect(denoiseOn(client, await smallJob(client, 4))).rejects.toMatchObject({
        code: 'coordinator_unreachable',
        message: expect.stringContaining('shutting down'),
      });
    });
    expect(states).toEqual(['NOT_SERVING']);
    expect(done.report.steps).toBe(400);
    expect(await serve.exit).toMatchObject({ code: 0 });
  });
});

describe('a worker', () => {
  it('at SIGTERM finishes the job and exits with 0; the coordinator is not surprised', async () => {
    const { serve, address } = await startServe();
    const worker = await startWorker(address, 'w1');
    const { address: own } = await worker.ready();
    expect(await health(own, 'asyncdiff.v1.Worker')).toBe('SERVING');
    const client = new AsyncDiffClient(address);
    const { done } = await denoiseOn(client, await smallJob(client, 400), async (event) => {
      if (event.type !== 'step' || event.step !== 3) return;
      worker.kill('SIGTERM');
      await eventually(async () => (await health(own)) === 'NOT_SERVING', 'it drains');
    });
    expect(done.report).toMatchObject({ steps: 400, restarts: 0 });
    expect(await worker.exit).toMatchObject({ code: 0 });
    await eventually(async () => (await client.status()).workers.length === 0, 'it is signed off');
    expect(serve.stderr).toContain('it was told to stop');
    client.close();
    expect(await serve.stop()).toMatchObject({ code: 0 });
  });

  it.each(['worker', 'coordinator'] as const)(
    'or coordinator: a %s exits at once at the second signal',
    async (which) => {
      const { serve, address } = await startServe();
      const worker = await startWorker(address, 'w1');
      const client = new AsyncDiffClient(address);
      const child = which === 'worker' ? worker : serve;
      const ended = denoiseOn(client, await smallJob(client, 990), async (event) => {
        if (event.type !== 'step' || event.step !== 3) return;
        child.kill('SIGINT');
        await new Promise((resolve) => setTimeout(resolve, 50));
        child.kill('SIGINT');
      });
      await expect(ended).rejects.toMatchObject({
        code: which === 'worker' ? 'worker_lost' : 'coordinator_unreachable',
      });
      expect(await child.exit).toMatchObject({ code: null, signal: 'SIGINT' });
      client.close();
    },
  );

  it('whose grace is over ends without its job', async () => {
    const { serve, address } = await startServe(['--grace-ms', '100']);
    await startWorker(address, 'w1');
    const client = new AsyncDiffClient(address);
    const ended = denoiseOn(client, await smallJob(client, 990), (event) => {
      if (event.type === 'step' && event.step === 3) serve.kill('SIGTERM');
    });
    await expect(ended).rejects.toMatchObject({
      code: 'coordinator_unreachable',
      message: expect.stringContaining('shutting down'),
    });
    expect(await serve.exit).toMatchObject({ code: 0 });
    client.close();
  });
});
