import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient, type DenoiseOptions, type Job } from '../../client/index.js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import {
  channelArguments,
  fromServiceError,
  messages,
  openWorkerChannel,
  type Role,
} from '../../rpc/index.js';
import { makeKey, readKeyFile, writeKeyFile } from '../../rpc/server/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import { ExchangeClient, DeploymentSecrets } from '../../worker/exchange/index.js';
import { FakeWorker, obliging } from '../support/fake-worker.js';
import { TestAuthority, tlsFlags } from '../support/certificates.js';
import { CliProcess } from '../support/child.js';
import { eventually, failureOf, runCli } from '../support/cli.js';
import { writeModel } from '../support/onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';

/** Each rule of SECURITY.md, and what tries to break it. */
let folder: string;
let keyFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-security-'));
  keyFile = join(folder, 'keys.json');
  await addKey('client', 'somebody');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As `asyncdiff keys add` does it. */
async function addKey(role: Role, name: string, file = keyFile): Promise<{ id: string; key: string }> {
  const { key, stored } = makeKey(role, name);
  await writeKeyFile(file, [...(await readKeyFile(file)), stored]);
  return { id: stored.id, key };
}

async function serve(
  flags: readonly string[] = ['--keys', keyFile],
): Promise<CliProcess & { address: string }> {
  const cache = ['--cache', join(folder, 'cache')];
  const child = new CliProcess(['serve', '--listen', '127.0.0.1:0', '--exit-with-stdin', ...cache, ...flags]);
  return Object.assign(child, { address: (await child.ready()).address });
}

function worker(flags: readonly string[], key?: string): CliProcess {
  const all = ['worker', '--threads', '1', '--exit-with-stdin', '--cache', join(folder, 'cache'), ...flags];
  return new CliProcess(all, key === undefined ? {} : { env: { ASYNCDIFF_KEY: key } });
}

const clientOf = (address: string, key?: string) =>
  new AsyncDiffClient(address, { security: key === undefined ? {} : { key } });

async function refusal(doing: Promise<unknown>): Promise<AsyncDiffError> {
  return doing.then(
    () => {
      throw new Error('was not refused');
    },
    (error: unknown) => error as AsyncDiffError,
  );
}

/** How a stream ends that begins with `hello`, or with nothing. */
async function ending(stream: ControlStream<object, object>): Promise<AsyncDiffError | undefined> {
  return new Promise((resolve) => stream.listen({ onMessage: () => {}, onClosed: resolve }));
}

describe('listening beyond loopback', () => {
  it('needs TLS and a way to tell who calls, or --insecure', async () => {
    const authority = await TestAuthority.make();
    const tls = tlsFlags(authority, await authority.host('host'), folder);
    const own = tls.slice(2);
    const keys = ['--keys', keyFile];
    const open = ['serve', '--listen', '0.0.0.0:0'];
    const refused = [
      [open, /would listen at 0\.0\.0\.0: without TLS anyone/],
      [[...open, ...keys], /without TLS anyone/],
      [[...open, ...own], /without --tls-ca or --keys anyone/],
      [['worker', '--listen', '0.0.0.0:0'], /without TLS anyone/],
      [['worker', '--listen', '0.0.0.0:0', ...own], /without --tls-ca or --keys anyone/],
    ] as const;
    const taken = [
      [...open, ...tls],
      [...open, ...own, ...keys],
      [...open, '--insecure'],
      ['worker', '--listen', '0.0.0.0:0', ...tls],
    ];
    await Promise.all([
      ...refused.map(async ([args, message]) =>
        expect(failureOf(await runCli(args))).toMatchObject({
          code: 'invalid_settings',
          exitCode: 2,
          message: expect.stringMatching(message),
          hint: expect.stringContaining('--insecure'),
        }),
      ),
      ...taken.map(async (args) => {
        const child = new CliProcess(args);
        await child.ready();
        expect((await child.stop()).code).toBe(0);
      }),
    ]);
  });

  it('never shows a key there in plain text', () => {
    expect(() => clientOf('10.0.0.1:1', 'k'.repeat(20))).toThrow(/would go to 10\.0\.0\.1 in plain text/);
    for (const local of ['127.0.0.1:1', 'localhost:1', '[::1]:1']) clientOf(local, 'k'.repeat(20)).close();
  });

  it('serves metrics where it listens and nowhere else', async () => {
    const { stdout } = await serve(['--metrics-port', '0']);
    const { metrics_port: port } = JSON.parse(stdout) as { metrics_port: number };
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
    // Another address of this very machine.
    await expect(fetch(`http://127.0.0.2:${port}/metrics`)).rejects.toThrow();
  });
});

describe('keys', () => {
  it('are needed, each in its role; the file holds no key; a log holds none', async () => {
    const coordinator = await serve();
    const client = await addKey('client', 'me');
    const made = await runCli(['keys', 'add', keyFile, '--role', 'worker', '--name', 'gpu', '--json']);
    const joining = JSON.parse(made.stdout) as { id: string; key: string };
    // Nobody, and somebody with a made-up key.
    for (const key of [undefined, 'asyncdiff-client-00000000-guess', `${client.key}x`]) {
      const stranger = clientOf(coordinator.address, key);
      const calls = [stranger.status(), stranger.plan({}), denoise(stranger, '0'.repeat(64)).result()];
      for (const call of calls) expect(await refusal(call)).toMatchObject({ code: 'unauthenticated' });
      stranger.close();
      const lost = await worker(['--join', coordinator.address], key).exit;
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
    const asWorker = await worker(['--join', coordinator.address], client.key).exit;
    expect(failureOf({ ...asWorker, stdout: '' })).toMatchObject({ code: 'permission_denied' });
    // In their roles they are let in.
    const joined = worker(['--join', coordinator.address, '--name', 'w1'], joining.key);
    const own = clientOf(coordinator.address, client.key);
    await eventually(async () => (await own.status()).workers.length === 1, 'the worker');
    // Revoked while the server runs: the next call is refused, others' are not.
    expect((await runCli(['keys', 'revoke', keyFile, client.id])).code).toBe(0);
    expect(await refusal(own.status())).toMatchObject({ code: 'unauthenticated' });
    own.close();

    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const listed = await runCli(['keys', 'ls', keyFile]);
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
    const { key } = await addKey('client', 'me', file);
    const { address } = await serve(['--keys', file]);
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
      failureOf(await runCli(['serve', '--listen', '127.0.0.1:0', '--keys', join(folder, 'none')])),
    ).toMatchObject({
      code: 'file_not_found',
    });
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('are asked for by reflection, not by health', async () => {
    const { address } = await serve();
    const { key } = await addKey('client', 'me');
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
    const failure = failureOf(await runCli(['status', '--key-file', path]));
    expect(failure).toMatchObject({ code: 'file_unreadable', exitCode: 2 });
    if (text !== '') expect(failure.message).not.toContain(text);
  });
});

function denoise(client: AsyncDiffClient, modelSha256: string): Job {
  const job: DenoiseOptions = {
    modelSha256,
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps: 990,
    sendSteps: true,
  };
  return client.denoise(job);
}

describe('a client', () => {
  it('follows and cancels its own jobs only, and is not told of others', async () => {
    const { address } = await serve();
    const mine = await addKey('client', 'alice');
    const theirs = await addKey('client', 'bob');
    const gpu = await addKey('worker', 'gpu');
    worker(['--join', address], gpu.key);
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

describe("a worker's port", () => {
  async function attach(address: string, key?: string): Promise<AsyncDiffError | undefined> {
    const channel = openWorkerChannel(address, { security: key === undefined ? {} : { key } });
    try {
      const stream = new ControlStream<object, object>(channel.attach());
      const ended = ending(stream);
      // One that is let in hears hello and nothing more: it ends by itself.
      setTimeout(() => stream.end(), 300);
      return await ended;
    } finally {
      channel.close();
    }
  }

  it('of a worker that has joined takes no coordinator, also while its own is away', async () => {
    const coordinator = await serve([]);
    const joined = worker(['--join', coordinator.address]);
    const { address } = await joined.ready();
    await joined.until(() => joined.stderr.includes('"joined"'), 'join');
    expect(await attach(address)).toMatchObject({ code: 'permission_denied' });
    coordinator.kill('SIGKILL');
    await joined.until(() => joined.stderr.includes('not joined'), 'miss its coordinator');
    expect(await attach(address)).toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining('has joined a coordinator of its own and takes no other'),
    });
  });

  it("of a worker that listens takes a coordinator's key only", async () => {
    const dialling = await addKey('coordinator', 'head');
    const client = await addKey('client', 'me');
    const listening = worker(['--listen', '127.0.0.1:0', '--keys', keyFile]);
    const { address } = await listening.ready();
    expect(await attach(address)).toMatchObject({ code: 'unauthenticated' });
    expect(await attach(address, client.key)).toMatchObject({ code: 'permission_denied' });
    const keyPath = join(folder, 'head.key');
    writeFileSync(keyPath, `${dialling.key}\n`);
    const head = await serve(['--keys', keyFile, '--workers', address, '--key-file', keyPath]);
    const own = clientOf(head.address, client.key);
    await eventually(async () => (await own.status()).workers.length === 1, 'the worker');
    own.close();
  });
});

describe('tensors between workers', () => {
  it('go to the workers of the deployment and to nobody else, nor are links measured for strangers', async () => {
    const { address } = await serve([]);
    const honest = worker(['--join', address, '--name', 'w1']);
    const { address: at } = await honest.ready();
    // One that was let in, and hears what the workers of a deployment hear.
    const inside = new FakeWorker(address, 'w2', obliging);
    await using client = clientOf(address);
    await eventually(async () => (await client.status()).workers.length === 2, 'the workers');
    const modelSha256 = await client.uploadModel(writeModel(smallPredictor(), folder));
    const job = {
      modelSha256,
      schedulerConfig: SMALL_SCHEDULER,
      inputs: smallInputs(),
      numInferenceSteps: 8,
    };
    const denoising = client.denoise({ ...job, plan: { cuts: ['middle'] } });
    const ended = denoising.result().catch(() => undefined);
    await eventually(() => inside.heard.some(({ startJob }) => startJob), 'the job starts');
    const { deploymentId = '', secret = new Uint8Array(0) } =
      inside.heard.find(({ deploy }) => deploy)?.deploy ?? {};
    const { peerSecret = new Uint8Array(0) } = inside.heard.find(({ welcome }) => welcome)?.welcome ?? {};
    const subscribe = (shown: Uint8Array) =>
      ExchangeClient.connect({
        address: at,
        workerId: 'w2',
        producerId: 'w1',
        deploymentId,
        secret: shown,
        onTensor: () => undefined,
        onLost: () => undefined,
      });
    const measure = async (shown: Uint8Array): Promise<void> => {
      const channel = openWorkerChannel(at);
      try {
        const chunks = channel.probe({ sizeBytes: 1 << 20, secret: Buffer.from(shown) });
        for await (const chunk of messages(chunks)) void chunk;
      } finally {
        channel.close();
      }
    };
    // Everything but the secret is right.
    for (const shown of [new Uint8Array(0), new Uint8Array(32), randomBytes(32), peerSecret])
      expect(await refusal(subscribe(shown))).toMatchObject({ code: 'permission_denied' });
    for (const shown of [new Uint8Array(0), new Uint8Array(32), randomBytes(32), secret])
      expect(await refusal(measure(shown))).toMatchObject({ code: 'permission_denied' });
    (await subscribe(secret)).close();
    await measure(peerSecret);
    await denoising.cancel();
    await ended;
    inside.close();
  });

  it('wait for a deployment that is not here yet, and are refused with another secret than its own', async () => {
    const [right, wrong] = [randomBytes(32), randomBytes(32)];
    const secrets = new DeploymentSecrets();
    const early = [
      secrets.check('plan', right),
      secrets.check('plan', wrong),
      secrets.check('plan', new Uint8Array(0)),
    ];
    secrets.admit('other', wrong);
    secrets.admit('plan', right);
    expect(await Promise.all(early.map(async (one) => one))).toEqual([true, false, false]);
    expect([secrets.check('plan', right), secrets.check('plan', wrong)]).toEqual([true, false]);
    secrets.forget('plan');
    expect(secrets.check('plan', wrong)).toBeInstanceOf(Promise);
    // An empty secret is none.
    secrets.admit('empty', new Uint8Array(0));
    expect(secrets.check('empty', new Uint8Array(0))).toBe(false);
    // However many strangers wait, the oldest is refused for one more.
    const first = secrets.check('nowhere', right);
    for (let count = 0; count < 300; count++) void secrets.check(`nowhere-${count}`, right);
    expect(await first).toBe(false);
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
