import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { JobRecord } from '../../coordinator/jobs/job-record.js';
import type { SendEvent } from '../../coordinator/jobs/index.js';
import { type CoordinatorChannel, coordinatorService, openCoordinatorChannel } from '../../rpc/index.js';
import {
  type CallContext,
  type RunningServer,
  serverStreamHandler,
  startServer,
} from '../../rpc/server/index.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';
import type { JobEvent__Output } from '../../rpc/gen/asyncdiff/v1/JobEvent.js';

/** Of one tensor; a step has two. */
const TENSOR_BYTES = 100_000;
const STALL_MS = 400;

let server: RunningServer;
let channel: CoordinatorChannel;
let proxy: FaultyLink;
/** What a job does here: tells as much as the test wants. */
let work: (record: JobRecord) => Promise<void>;
let followed: Promise<void>;
/** The call has arrived. */
let arrived: Promise<void>;
let gone: AbortSignal;
let stallMs: number;

beforeEach(async () => {
  stallMs = STALL_MS;
  let arrive: () => void;
  arrived = new Promise((resolve) => {
    arrive = resolve;
  });
  const serve = async (_request: unknown, send: SendEvent, { signal }: CallContext): Promise<void> => {
    const record = new JobRecord({ jobId: 'j', kind: 'denoise', owner: '', client: 'c' });
    gone = signal;
    followed = record.follow(send, signal, stallMs);
    followed.catch(() => undefined);
    void work(record);
    arrive();
    await followed;
  };
  server = await startServer({
    listen: '127.0.0.1:0',
    services: [{ definition: coordinatorService(), handlers: { Denoise: serverStreamHandler(serve) } }],
  });
  proxy = await FaultyLink.open(server.address);
  channel = openCoordinatorChannel(proxy.address, { settings: { windowBytes: 65_536 } });
});

afterEach(async () => {
  channel.close();
  proxy.close();
  await server.close();
});

const tensor = (bytes: number) => ({ dtype: 'float32', dims: [bytes / 4], data: Buffer.alloc(bytes) });
const stepTensors = { step: 1, latents: tensor(TENSOR_BYTES), eps: tensor(TENSOR_BYTES) };

describe('a client that does not read', () => {
  it('holds up a job that has tensors for it, and is ended: its call is cut, whatever waits in it', async () => {
    let told = 0;
    const over = new AbortController();
    work = async (record) => {
      record.start();
      proxy.freeze();
      while (!over.signal.aborted) {
        record.emit({ stepTensors });
        await record.room();
        told += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const call = channel.denoise({});
    const ended = new Promise<Error>((resolve) => call.once('error', resolve));
    await arrived;
    const stalled = await followed.then(
      () => undefined,
      (error: AsyncDiffError) => error,
    );
    const before = told;
    over.abort();
    expect(stalled).toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringContaining('has read nothing'),
    });
    // 16 MiB may wait, and some are in the network's own buffers: it would tell thousands.
    expect(before).toBeLessThan(500);
    // Its status waits behind what nobody reads; the call is over all the same.
    await new Promise<void>((resolve) => {
      if (gone.aborted) resolve();
      gone.addEventListener('abort', () => resolve());
    });
    proxy.cut();
    expect((await ended).message).not.toBe('');
  });

  it('gets all tensors in order if it reads after all, and of progress and previews the last ones', async () => {
    const steps = 40;
    stallMs = 60_000;
    work = async (record) => {
      record.start();
      for (let step = 0; step < steps; step++) {
        for (let count = 0; count < 20; count++) {
          record.emit({ progress: { step, steps } });
          record.emit({ preview: { step, image: Buffer.alloc(100_000, step) } });
        }
        record.emit({ stepTensors: { ...stepTensors, step } });
        await record.room();
      }
      record.end({ done: { done: { images: [], latents: tensor(4) } } });
    };
    const call = channel.denoise({});
    const events: JobEvent__Output[] = [];
    const whole = new Promise((resolve) => call.once('end', resolve));
    call.on('data', (event: JobEvent__Output) => events.push(event));
    await whole;
    const stepsOf = events.flatMap(({ stepTensors: told }) => (told ? [told.step] : []));
    expect(stepsOf).toEqual(Array.from({ length: steps }, (_, step) => step));
    const previews = events.flatMap(({ preview }) => (preview ? [preview.step] : []));
    expect(previews.length).toBeLessThan(3 * steps);
    expect(previews.at(-1)).toBe(steps - 1);
    expect(events.at(-1)?.done).toBeTruthy();
    await followed;
  });

  it('a job that has only progress and pictures for it does not wait', async () => {
    let isDone = false;
    work = async (record) => {
      record.start();
      proxy.freeze();
      for (let step = 0; step < 5_000; step++) {
        record.emit({ preview: { step, image: Buffer.alloc(100_000) } });
        await record.room();
      }
      isDone = true;
    };
    const call = channel.denoise({});
    const ended = new Promise<Error>((resolve) => call.once('error', resolve));
    await arrived;
    await expect(followed).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(isDone).toBe(true);
    proxy.cut();
    await ended;
  });
});
