import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Coordinator } from '../../coordinator/index.js';
import { HeldMemory } from '../../coordinator/held-memory.js';
import { clientError, type CoordinatorChannel, openCoordinatorChannel } from '../../rpc/index.js';
import { eventually } from '../support/cli.js';
import { SMALL_SCHEDULER } from '../support/small-predictor.js';
import { tempFolder } from '../support/temp-folder.js';

const log = { info: () => undefined, warn: () => undefined };
let coordinator: Coordinator;
let channel: CoordinatorChannel;

beforeAll(async () => {
  const options = { listen: '127.0.0.1:0', workDir: tempFolder(), threads: 1, log };
  coordinator = await Coordinator.start({
    ...options,
    clientStallMs: 200,
    maxJobsPerClient: 3,
    heldInputBytes: 5_000,
  });
  channel = openCoordinatorChannel(coordinator.address);
});
afterAll(async () => {
  channel.close();
  await coordinator.stop(0);
});

const item = (bytes: number) => ({
  inputs: { x: { dtype: 'float32', dims: [bytes / 4], data: Buffer.alloc(bytes) } },
});

it('a client that begins a run and sends nothing more is ended, and what it holds is free', async () => {
  // Again and again: each gives its place back.
  for (let times = 0; times < 3; times++) {
    const call = channel.run();
    const ended = new Promise((resolve) => call.on('error', (error: Error) => resolve(clientError(error))));
    call.on('data', () => undefined);
    call.write({ header: { items: 3, modelSha256: 'a'.repeat(64) } });
    call.write({ item: item(1_000) });
    await expect(ended).resolves.toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringContaining('sent nothing more of its run for 0.2 s') as unknown,
    });
    expect(coordinator.heldByRuns.heldBytes).toBe(0);
  }
});

it('jobs that wait hold no more inputs together than the limit; one that has ended makes room', async () => {
  const noise = (bytes: number) => ({
    schedulerConfig: SMALL_SCHEDULER,
    inputs: { sample: { dtype: 'float32', dims: [bytes / 4], data: Buffer.alloc(bytes) } },
    modelSha256: 'a'.repeat(64),
    numInferenceSteps: 2,
  });
  // No worker is there: a job waits until one is, or it gives up.
  const call = channel.denoise(noise(4_000));
  const first = new Promise((resolve) => call.on('error', (error: Error) => resolve(clientError(error))));
  await new Promise((resolve) => call.once('data', resolve));
  const codeOf = (request: object): Promise<unknown> =>
    new Promise((resolve) =>
      channel
        .denoise(request)
        .on('error', (error: Error) => resolve(clientError(error)))
        .resume(),
    );
  await expect(codeOf(noise(2_000))).resolves.toMatchObject({
    code: 'queue_full',
    message: expect.stringContaining('4000 bytes; with 2000 more') as unknown,
  });
  call.cancel();
  await first;
  await eventually(() => coordinator.heldByJobs.heldBytes === 0, 'its inputs are free');
  // Alone, one may be larger than the limit of all: refused for want of a worker, not of room.
  await expect(codeOf(noise(8_000))).resolves.toMatchObject({ code: 'no_workers' });
});

it('a request that has begun and does not go on is ended, and so is a call that never begins one', async () => {
  const session = connect(`http://${coordinator.address}`);
  const ended = async (sent: Buffer): Promise<unknown> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/asyncdiff.v1.Coordinator/Denoise',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.write(sent);
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    return headers['asyncdiff-error-code'];
  };
  // It says 60 MB, and sends 100 kB.
  const begun = Buffer.alloc(100_000);
  begun.writeUInt32BE(60e6, 1);
  await expect(ended(begun)).resolves.toBe('deadline_exceeded');
  await expect(ended(Buffer.alloc(3))).resolves.toBe('deadline_exceeded');
  await expect(ended(Buffer.alloc(0))).resolves.toBe('deadline_exceeded');
  session.destroy();
});

it('one that begins an upload and sends nothing more does not keep its place among the uploads', async () => {
  const stalled = Array.from(
    { length: 4 },
    () =>
      new Promise((resolve) => {
        const call = channel.uploadModel((error) => resolve(error === null ? undefined : clientError(error)));
        call.write({ header: { modelSha256: 'a'.repeat(64), path: 'model.onnx', sizeBytes: 1_000 } });
        call.write({ data: Buffer.alloc(10) });
      }),
  );
  for (const end of await Promise.all(stalled)) expect(end).toMatchObject({ code: 'deadline_exceeded' });
  const next = await new Promise((resolve) => {
    const call = channel.uploadModel((error) => resolve(error === null ? undefined : clientError(error)));
    call.end();
  });
  // Refused for what it is, not for want of a place.
  expect(next).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('no file') });
});

it('the inputs of all runs together have a bound; a run that is over makes room', () => {
  const memory = new HeldMemory('runs', 100);
  const [first, second] = [memory.open(), memory.open()];
  first.take(60);
  second.take(30);
  expect(() => second.take(20)).toThrowError(/90 bytes; with 20 more they would have more than 100/);
  second.free();
  second.free();
  expect(memory.heldBytes).toBe(60);
  first.take(40);
  first.free();
  expect(memory.heldBytes).toBe(0);
});
