import { afterAll, beforeAll, expect, it } from 'vitest';
import { Coordinator } from '../../coordinator/index.js';
import { RunMemory } from '../../coordinator/run-memory.js';
import { clientError, type CoordinatorChannel, openCoordinatorChannel } from '../../rpc/index.js';
import { tempFolder } from '../support/temp-folder.js';

const log = { info: () => undefined, warn: () => undefined };
let coordinator: Coordinator;
let channel: CoordinatorChannel;

beforeAll(async () => {
  const options = { listen: '127.0.0.1:0', workDir: tempFolder(), threads: 1, log };
  coordinator = await Coordinator.start({ ...options, clientStallMs: 200, maxJobsPerClient: 2 });
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
    expect(coordinator.runMemory.heldBytes).toBe(0);
  }
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
  const memory = new RunMemory(100);
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
