import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Client, status as grpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { readNpy } from '../../common/npy/index.js';
import { channelArguments, type LinkSecurity, workerService } from '../../rpc/index.js';
import { startServer } from '../../rpc/server/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { ExchangeClient, ExchangeServer } from '../../worker/exchange/index.js';
import { expectSameBits } from '../support/bits.js';
import { eventually, failureOf, runCli } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';
import { TlsSetting } from '../support/tls-setting.js';

let setting: TlsSetting;
let files: SmallFiles;

beforeAll(async () => {
  setting = await TlsSetting.make();
  files = await writeSmallFiles(setting.folder);
});
afterAll(() => setting?.remove());

const tls = (name: string): string[] => setting.flags(name);

async function joined(address: string, count: number): Promise<readonly { address: string }[]> {
  const client = new AsyncDiffClient(address, { security: setting.security });
  let workers: readonly { address: string }[] = [];
  await eventually(async () => {
    ({ workers } = await client.status());
    return workers.length === count;
  }, `${count} workers`);
  client.close();
  return workers;
}

function denoise(where: readonly string[]): ReturnType<typeof runHere> {
  const common = ['--num-inference-steps', '8', '--warm-up', '1', '--cut', 'middle', '--json', '--quiet'];
  return runHere(['denoise', ...files.flags, ...common, '--out', join(setting.folder, 'out.npy'), ...where]);
}

describe('mutual TLS', () => {
  it('protects every link, and the bits are those of the reference', async () => {
    expect((await denoise(['--reference', '--threads', '1', ...setting.cache])).code).toBe(0);
    const reference = await readNpy(join(setting.folder, 'out.npy'));
    const { address } = await setting.serve();
    // One that joins, one that is dialled, as far from each other as two hosts: no shared memory.
    setting.worker(['--join', address, '--name', 'w1', '--shared-memory', 'off', ...tls('w1')]);
    setting.worker(['--join', address, '--name', 'w2', '--shared-memory', 'off', ...tls('w2')]);
    const workers = await joined(address, 2);
    const run = await denoise(['--coordinator', address, ...tls('client')]);
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ components: 2, data_path: 'direct' });
    expectSameBits(await readNpy(join(setting.folder, 'out.npy')), reference, 'over TLS');

    // Health and reflection too; and in plain text nobody answers, neither coordinator nor worker.
    for (const at of [address, workers[0]?.address as string]) {
      for (const path of [
        '/grpc.health.v1.Health/Check',
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      ]) {
        expect(await call(at, path, setting.security), path).toBe('answered');
        expect(await call(at, path, {}), path).toBe(`[tls_failed] ${at} speaks TLS, this side does not`);
      }
    }
  });

  it('takes the shared memory of one host, and workers that are dialled', async () => {
    const dialled = setting.worker(['--listen', '127.0.0.1:0', '--name', 'w2', ...tls('w2')]);
    const { address } = await setting.serve([
      ...tls('coordinator'),
      '--workers',
      (await dialled.ready()).address,
    ]);
    const joining = setting.worker(['--join', address, '--name', 'w1', ...tls('w1')]);
    await joined(address, 2);
    const run = await denoise([
      '--coordinator',
      address,
      ...tls('client'),
      '--trace-file',
      join(setting.folder, 'trace.json'),
    ]);
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ components: 2, data_path: 'direct' });
    // They end as they do in plain text: no connection keeps them.
    for (const child of [joining, dialled]) expect(await child.stop()).toMatchObject({ code: 0 });
  });

  it('shares memory on one host all the same', async () => {
    const exchange = new ExchangeServer({ producerId: () => 'p' });
    const server = await startServer({
      listen: '127.0.0.1:0',
      services: [
        { definition: { Exchange: workerService().Exchange }, handlers: { Exchange: exchange.handler } },
      ],
      security: setting.security,
    });
    const received: Tensor[] = [];
    const client = await ExchangeClient.connect({
      address: server.address,
      workerId: 'c',
      producerId: 'p',
      deploymentId: 'plan',
      onTensor: (tensor) => void received.push(tensor),
      onLost: () => undefined,
      sharedMemory: true,
      link: { security: setting.security },
    });
    try {
      expect(client.sharesMemory).toBe(process.platform === 'linux');
      const tensor = float32(
        Float32Array.from({ length: 100_000 }, (_, at) => at),
        [100_000],
      );
      const meta = { jobId: 'j', attempt: 1, name: 'h', version: 0, sentUs: 0 };
      expect(await exchange.publish('plan', 'c', tensor, meta)).toBe(true);
      await eventually(() => received.length === 1, 'the tensor');
      expectSameBits(received[0] as Tensor, tensor, 'through shared memory');
    } finally {
      client.close();
      await server.close();
    }
  });

  it('from names and files alone: --tls-ca, certificates of `asyncdiff certs`, and the environment', async () => {
    const dir = join(setting.folder, 'made');
    const made = await runCli(['certs', dir, '--hosts', 'gpu1=10.0.0.11=gpu1.lan,10.0.0.12', '--json']);
    expect(made.code, made.stderr).toBe(0);
    const { ca, hosts } = JSON.parse(made.stdout) as {
      ca: string;
      hosts: { key: string; names: string[] }[];
    };
    expect(hosts.map(({ names }) => names.slice(0, 3))).toEqual([
      ['gpu1', '10.0.0.11', 'gpu1.lan'],
      ['10.0.0.12', 'localhost', '127.0.0.1'],
    ]);
    for (const key of [...hosts.map(({ key }) => key), join(dir, 'ca.key')])
      expect(statSync(key).mode & 0o777).toBe(0o600);
    // A second call keeps the CA.
    const again = await runCli(['certs', dir, '--hosts', 'gpu2']);
    expect(again.stdout).toContain('CA, as it was');
    const pair = (name: string): string[] => [
      '--tls-cert',
      join(dir, `${name}.crt`),
      '--tls-key',
      join(dir, `${name}.key`),
    ];
    // A server without --tls-ca asks nobody for a certificate.
    const { address } = await setting.serve(pair('gpu1'));
    expect((await setting.status(address, ['--tls-ca', ca])).code).toBe(0);
    expect((await runCli(['status', '--coordinator', address], { env: { ASYNCDIFF_TLS_CA: ca } })).code).toBe(
      0,
    );
    const roots = { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ca };
    expect((await runCli(['status', '--coordinator', address, '--tls'], { env: roots })).code).toBe(0);
    expect(failureOf(await setting.status(address, ['--tls']))).toMatchObject({
      code: 'tls_failed',
      message: expect.stringContaining(
        'comes from a CA that this side does not know: CN=asyncdiff development CA',
      ),
      hint: expect.stringContaining('--tls-ca'),
    });
  });
});

/** A call of a service that is not ours, without knowing its messages: anything but an error of the link is an answer. */
function call(address: string, path: string, how: LinkSecurity): Promise<string> {
  const client = new Client(address, ...channelArguments(address, { security: how }));
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error) => {
      client.close();
      const code = error?.metadata.get('asyncdiff-error-code')[0];
      resolve(
        code === undefined && error?.code !== grpcStatus.UNAVAILABLE
          ? 'answered'
          : `[${String(code)}] ${error?.details}`,
      );
    });
  });
}
