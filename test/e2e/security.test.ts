import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { messages, openWorkerChannel } from '../../rpc/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import { ExchangeClient, DeploymentSecrets } from '../../worker/exchange/index.js';
import { TestAuthority, tlsFlags } from '../support/certificates.js';
import { CliProcess } from '../support/child.js';
import { eventually, failureOf } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { FakeWorker, obliging } from '../support/fake-worker.js';
import { clientOf, KeyedSetting, refusal } from '../support/keyed-setting.js';
import { writeModel } from '../support/onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';

/** Rules of SECURITY.md on who is listened to, and what tries to break them; those on keys: keys.test.ts. */
let setting: KeyedSetting;
let folder: string;
let keyFile: string;

beforeAll(async () => {
  setting = await KeyedSetting.make();
  ({ folder, keyFile } = setting);
});
afterAll(() => setting?.remove());

/** How a stream ends that begins with nothing. */
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
        expect(failureOf(await runHere(args))).toMatchObject({
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
    const { stdout } = await setting.serve(['--metrics-port', '0']);
    const { metrics_port: port } = JSON.parse(stdout) as { metrics_port: number };
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
    // Another address of this very machine.
    await expect(fetch(`http://127.0.0.2:${port}/metrics`)).rejects.toThrow();
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
    const coordinator = await setting.serve([]);
    const joined = setting.worker(['--join', coordinator.address]);
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
    const dialling = await setting.addKey('coordinator', 'head');
    const client = await setting.addKey('client', 'me');
    const listening = setting.worker(['--listen', '127.0.0.1:0', '--keys', keyFile]);
    const { address } = await listening.ready();
    expect(await attach(address)).toMatchObject({ code: 'unauthenticated' });
    expect(await attach(address, client.key)).toMatchObject({ code: 'permission_denied' });
    const keyPath = join(folder, 'head.key');
    writeFileSync(keyPath, `${dialling.key}\n`);
    const head = await setting.serve(['--keys', keyFile, '--workers', address, '--key-file', keyPath]);
    const own = clientOf(head.address, client.key);
    await eventually(async () => (await own.status()).workers.length === 1, 'the worker');
    own.close();
  });
});

describe('tensors between workers', () => {
  it('go to the workers of the deployment and to nobody else, nor are links measured for strangers', async () => {
    const { address } = await setting.serve([]);
    const honest = setting.worker(['--join', address, '--name', 'w1']);
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
