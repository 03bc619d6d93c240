import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channelArguments, fromServiceError } from '../../rpc/index.js';
import { eventually, failureOf, runCli } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { clientOf, denoise, KeyedSetting, refusal } from '../support/keyed-setting.js';
import { writeModel } from '../support/onnx-builder.js';
import { smallPredictor } from '../support/small-predictor.js';

/** Rules of SECURITY.md on keys, and what tries to break them. */
let setting: KeyedSetting;
let folder: string;
let keyFile: string;

beforeAll(async () => {
  setting = await KeyedSetting.make();
  ({ folder, keyFile } = setting);
});
afterAll(() => setting?.remove());

describe('keys', () => {
  it('are needed, each in its role; the file holds no key; a log holds none', async () => {
    const coordinator = await setting.serve();
    const client = await setting.addKey('client', 'me');
    const made = await runCli(['keys', 'add', keyFile, '--role', 'worker', '--name', 'gpu', '--json']);
    const joining = JSON.parse(made.stdout) as { id: string; key: string };
    // Nobody, and somebody with a made-up key.
    for (const key of [undefined, 'asyncdiff-client-00000000-guess', `${client.key}x`]) {
      const stranger = clientOf(coordinator.address, key);
      const calls = [stranger.status(), stranger.plan({}), denoise(stranger, '0'.repeat(64)).result()];
      for (const call of calls) expect(await refusal(call)).toMatchObject({ code: 'unauthenticated' });
      stranger.close();
      const lost = await setting.worker(['--join', coordinator.address], key).exit;
      expect(failureOf({ ...lost, stdout: '' })).toMatchObject({ code: 'unauthenticated', exitCode: 1 });
    }
    // A worker is no client, a client no worker.
    const asClient = clientOf(coordinator.address, joining.key);
    for (const call of [asClient.status(), denoise(asClient, '0'.repeat(64)).result()]) {
      expect(await refusal(call)).toMatchObject({
        code: 'permission_denied',
        message: expect.stringContaining(`the key ${joining.id} is a worker's; this call is for a client`),
      });
    }
    asClient.close();
    const asWorker = await setting.worker(['--join', coordinator.address], client.key).exit;
    expect(failureOf({ ...asWorker, stdout: '' })).toMatchObject({ code: 'permission_denied' });
    // In their roles they are let in.
    const joined = setting.worker(['--join', coordinator.address, '--name', 'w1'], joining.key);
    const own = clientOf(coordinator.address, client.key);
    await eventually(async () => (await own.status()).workers.length === 1, 'the worker');
    // Revoked while the server runs: the next call is refused, others' are not.
    expect((await runHere(['keys', 'revoke', keyFile, client.id])).code).toBe(0);
    expect(await refusal(own.status())).toMatchObject({ code: 'unauthenticated' });
    own.close();

    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const listed = await runHere(['keys', 'ls', keyFile]);
    expect(listed.stdout).toContain(`${joining.id}  worker  gpu`);
    expect(listed.stdout).not.toContain(client.id);
    const everything = [
      readFileSync(keyFile, 'utf8'),
      coordinator.stderr,
      coordinator.stdout,
      listed.stdout,
    ].join('\n');
    for (const { key } of [client, joining]) expect(everything).not.toContain(key.slice(-43));
    expect(coordinator.stderr).toContain('the call shows no key');
    // A call that lasts ends when its key is revoked: the worker is told, and does not come back.
    expect((await runCli(['keys', 'revoke', keyFile, joining.id])).code).toBe(0);
    expect(failureOf({ ...(await joined.exit), stdout: '' })).toMatchObject({
      code: 'unauthenticated',
      exitCode: 1,
    });
  });

  it('let nobody in where their file is gone or damaged', async () => {
    const file = join(folder, 'fragile.json');
    const { key } = await setting.addKey('client', 'me', file);
    const { address } = await setting.serve(['--keys', file]);
    const client = clientOf(address, key);
    await client.status();
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, -20));
    expect(await refusal(client.status())).toMatchObject({ code: 'file_unreadable' });
    rmSync(file);
    expect(await refusal(client.status())).toMatchObject({ code: 'file_not_found' });
    writeFileSync(file, text);
    await client.status();
    client.close();
    expect(
      failureOf(await runHere(['serve', '--listen', '127.0.0.1:0', '--keys', join(folder, 'none')])),
    ).toMatchObject({
      code: 'file_not_found',
    });
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('are asked for by reflection, not by health', async () => {
    const { address } = await setting.serve();
    const { key } = await setting.addKey('client', 'me');
    expect(await raw(address, '/grpc.health.v1.Health/Check')).toBe('answered');
    const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    expect(await raw(address, reflection)).toBe('unauthenticated');
    expect(await raw(address, reflection, key)).toBe('answered');
    // A method that does not exist tells a stranger nothing either.
    expect(await raw(address, '/asyncdiff.v1.Coordinator/Nothing')).not.toBe('answered');
  });

  it.each([
    ['two words', 'two words'],
    ['a short one', 'short'],
    ['nothing', ''],
  ])('%s in --key-file is told before anything is dialled, and not shown', async (_what, text) => {
    const path = join(folder, 'a.key');
    writeFileSync(path, text);
    const failure = failureOf(await runHere(['status', '--key-file', path]));
    expect(failure).toMatchObject({ code: 'file_unreadable', exitCode: 2 });
    if (text !== '') expect(failure.message).not.toContain(text);
  });
});

describe('a client', () => {
  it('follows and cancels its own jobs only, and is not told of others', async () => {
    const { address } = await setting.serve();
    const mine = await setting.addKey('client', 'alice');
    const theirs = await setting.addKey('client', 'bob');
    const gpu = await setting.addKey('worker', 'gpu');
    setting.worker(['--join', address], gpu.key);
    await using a = clientOf(address, mine.key);
    await using b = clientOf(address, theirs.key);
    await eventually(async () => (await a.status()).workers.length === 1, 'the worker');
    const job = denoise(a, await a.uploadModel(writeModel(smallPredictor(), folder)));
    for await (const event of job) if (event.type === 'step') break;
    await expect(job.result()).rejects.toMatchObject({ code: 'cancelled' });

    const second = denoise(a, await a.uploadModel(writeModel(smallPredictor(), folder)));
    const ended = refusal(second.result());
    await eventually(async () => (await a.status()).runningJobs === 1, 'the job runs');
    expect(await refusal(b.attach(second.id).result())).toMatchObject({ code: 'job_not_found' });
    expect(await b.attach(second.id).cancel()).toBe(false);
    expect(await b.jobs()).toEqual([]);
    expect((await a.jobs()).map(({ jobId }) => jobId)).toContain(second.id);
    expect((await a.status()).runningJobs).toBe(1);
    expect(await a.attach(second.id).cancel()).toBe(true);
    expect(await ended).toMatchObject({ code: 'cancelled' });
  });
});

/** A call of a service that is not ours, without its messages: the code of its error if it is one of ours. */
function raw(address: string, path: string, key?: string): Promise<string> {
  const client = new Client(
    address,
    ...channelArguments(address, { security: key === undefined ? {} : { key } }),
  );
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error) => {
      client.close();
      if (error === null) return resolve('answered');
      const { code } = fromServiceError(error);
      return resolve(
        error.metadata.get('asyncdiff-error-code').length > 0 || code === 'protocol_mismatch'
          ? code
          : 'answered',
      );
    });
  });
}
