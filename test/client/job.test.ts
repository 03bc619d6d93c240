import { describe, expect, it } from 'vitest';
import { Job } from '../../client/job.js';
import type { JobEvent } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { float32 } from '../../common/tensor/index.js';

const jobId = '6f4b2c1e-3c44-4d2a-9d58-0f3c9b1d2e4f';
const progress = (step: number): JobEvent => ({
  type: 'progress',
  jobId,
  step,
  steps: 3,
  round: step,
  stepsPerSecond: 1,
  speedup: 1,
  secondsLeft: 3 - step,
  driftSum: undefined,
});
const done = { type: 'done', jobId, images: [], latents: float32(new Float32Array(1), [1]), trace: '' };
const whole = [progress(1), progress(2), progress(3), done as unknown as JobEvent];

/** A job whose call gives these events and then ends, or fails. */
function jobOf(events: readonly JobEvent[], failure?: Error) {
  const seen = { aborted: false, read: 0 };
  const job = new Job({
    jobId,
    cancel: async () => true,
    events: (signal) => {
      signal.addEventListener('abort', () => {
        seen.aborted = true;
      });
      return read(signal);
    },
  });
  async function* read(signal: AbortSignal): AsyncGenerator<JobEvent, void, undefined> {
    for (const event of events) {
      seen.read += 1;
      if (signal.aborted) throw AsyncDiffError.from(signal.reason);
      yield event;
    }
    if (failure !== undefined) throw failure;
  }
  return { job, seen };
}

async function stepsOf(job: Job): Promise<(number | 'done')[]> {
  const steps: (number | 'done')[] = [];
  for await (const event of job) {
    if (event.type === 'progress') steps.push(event.step);
    if (event.type === 'done') steps.push('done');
  }
  return steps;
}

describe('a job', () => {
  it('gives its events to a loop, then its result as often as it is asked', async () => {
    const { job, seen } = jobOf(whole);
    expect(await stepsOf(job)).toEqual([1, 2, 3, 'done']);
    expect(await job.result()).toBe(whole[3]);
    expect(await job.result()).toBe(whole[3]);
    expect(await stepsOf(job)).toEqual(['done']);
    expect(seen).toEqual({ aborted: false, read: 4 });
  });

  it('gives its result without a loop, to several who wait', async () => {
    const { job, seen } = jobOf(whole);
    expect(await Promise.all([job.result(), job.result()])).toEqual([whole[3], whole[3]]);
    expect(seen.read).toBe(4);
  });

  it('keeps what a loop has not taken when the result is awaited in it', async () => {
    const { job } = jobOf(whole);
    const steps: unknown[] = [];
    for await (const event of job) {
      steps.push(event.type === 'progress' ? event.step : event.type);
      if (steps.length === 1) await job.result();
    }
    expect(steps).toEqual([1, 2, 3, 'done']);
  });

  it('reads no further than asked', async () => {
    const { job, seen } = jobOf(whole);
    for await (const event of job) {
      expect(seen.read).toBe(event.type === 'progress' ? event.step : 4);
    }
  });

  it('is cancelled when its loop is left, or its block', async () => {
    const { job, seen } = jobOf(whole);
    for await (const event of job) if (event.type === 'progress') break;
    expect(seen.aborted).toBe(true);
    await expect(job.result()).rejects.toMatchObject({ code: 'cancelled' });
    const other = jobOf(whole);
    await other.job[Symbol.asyncDispose]();
    expect(other.seen.aborted).toBe(true);
    await expect(stepsOf(other.job)).rejects.toMatchObject({ code: 'cancelled' });
    const finished = jobOf(whole);
    await finished.job.result();
    await finished.job[Symbol.asyncDispose]();
    expect(finished.seen.aborted).toBe(false);
  });

  it('fails for the loop and for whoever waits, with the same error', async () => {
    const { job } = jobOf([progress(1)], new AsyncDiffError('no_workers', 'none'));
    await expect(stepsOf(job)).rejects.toMatchObject({ code: 'no_workers' });
    await expect(job.result()).rejects.toMatchObject({ code: 'no_workers' });
    await expect(stepsOf(job)).rejects.toMatchObject({ code: 'no_workers' });
    await expect(jobOf([]).job.result()).rejects.toMatchObject({ code: 'protocol_mismatch' });
  });

  it('has one loop at a time', async () => {
    const { job } = jobOf(whole);
    for await (const event of job) {
      if (event.type === 'progress' && event.step === 1)
        await expect(stepsOf(job)).rejects.toMatchObject({ code: 'usage' });
    }
    expect(await job.result()).toBe(whole[3]);
  });
});
