import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, status as grpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { readNpy } from '../../common/npy/index.js';
import { channelArguments, type LinkSecurity, loadSecurity, workerService } from '../../rpc/index.js';
import { startServer } from '../../rpc/server/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { ExchangeClient, ExchangeServer } from '../../worker/exchange/index.js';
import { expectSameBits } from '../support/bits.js';
import { TestAuthority, tlsFlags } from '../support/certificates.js';
import { CliProcess } from '../support/child.js';
import { eventually, failureOf, runCli } from '../support/cli.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';

let folder: string;
let files: SmallFiles;
let authority: TestAuthority;
/** Flags and security of a process, by the name in its certificate. */
const flags: Record<string, string[]> = {};
let security: LinkSecurity;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-tls-'));
  files = await writeSmallFiles(folder);
  authority = await TestAuthority.make();
  for (const name of ['coordinator', 'w1', 'w2', 'client']) {
    const pair = await authority.host(name);
    flags[name] = tlsFlags(authority, pair, folder);
    if (name === 'client') security = authority.security(pair);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cache = (): string[] => ['--cache', join(folder, 'cache')];
const tls = (name: string): string[] => flags[name] as string[];

async function serve(
  extra: readonly string[] = tls('coordinator'),
): Promise<CliProcess & { address: string }> {
  const child = new CliProcess([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--exit-with-stdin',
    ...cache(),
    ...extra,
  ]);
  return Object.assign(child, { address: (await child.ready()).address });
}

function worker(extra: readonly string[]): CliProcess {
  return new CliProcess(['worker', '--threads', '1', '--exit-with-stdin', ...cache(), ...extra]);
}

async function joined(address: string, count: number): Promise<readonly { address: string }[]> {
  const client = new AsyncDiffClient(address, { security });
  let workers: readonly { address: string }[] = [];
  await eventually(async () => {
    ({ workers } = await client.status());
    return workers.length === count;
  }, `${count} workers`);
  client.close();
  return workers;
}

function denoise(where: readonly string[]): ReturnType<typeof runCli> {
  const common = ['--num-inference-steps', '8', '--warm-up', '1', '--cut', 'middle', '--json', '--quiet'];
  return runCli(['denoise', ...files.flags, ...common, '--out', join(folder, 'out.npy'), ...where]);
}

const status = (address: string, extra: readonly string[]): ReturnType<typeof runCli> =>
  runCli(['status', '--coordinator', address, ...extra]);

describe('mutual TLS', () => {
  it('protects every link, and the bits are those of the reference', async () => {
    expect((await denoise(['--reference', '--threads', '1', ...cache()])).code).toBe(0);
    const reference = await readNpy(join(folder, 'out.npy'));
    const { address } = await serve();
    // One that joins, one that is dialled, as far from each other as two hosts: no shared memory.
    worker(['--join', address, '--name', 'w1', '--shared-memory', 'off', ...tls('w1')]);
    worker(['--join', address, '--name', 'w2', '--shared-memory', 'off', ...tls('w2')]);
    const workers = await joined(address, 2);
    const run = await denoise(['--coordinator', address, ...tls('client')]);
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ components: 2, data_path: 'direct' });
    expectSameBits(await readNpy(join(folder, 'out.npy')), reference, 'over TLS');

    // Health and reflection too; and in plain text nobody answers, neither coordinator nor worker.
    for (const at of [address, workers[0]?.address as string]) {
      for (const path of [
        '/grpc.health.v1.Health/Check',
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      ]) {
        expect(await call(at, path, security), path).toBe('answered');
        expect(await call(at, path, {}), path).toBe(`[tls_failed] ${at} speaks TLS, this side does not`);
      }
    }
  });

  it('takes the shared memory of one host, and workers that are dialled', async () => {
    const dialled = worker(['--listen', '127.0.0.1:0', '--name', 'w2', ...tls('w2')]);
    const { address } = await serve([...tls('coordinator'), '--workers', (await dialled.ready()).address]);
    const joining = worker(['--join', address, '--name', 'w1', ...tls('w1')]);
    await joined(address, 2);
    const run = await denoise([
      '--coordinator',
      address,
      ...tls('client'),
      '--trace-file',
      join(folder, 'trace.json'),
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
      security,
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
      link: { security },
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
    const dir = join(folder, 'made');
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
    const { address } = await serve(pair('gpu1'));
    expect((await status(address, ['--tls-ca', ca])).code).toBe(0);
    expect((await runCli(['status', '--coordinator', address], { env: { ASYNCDIFF_TLS_CA: ca } })).code).toBe(
      0,
    );
    const roots = { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: ca };
    expect((await runCli(['status', '--coordinator', address, '--tls'], { env: roots })).code).toBe(0);
    expect(failureOf(await status(address, ['--tls']))).toMatchObject({
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

describe('a link that cannot be trusted says why', () => {
  it('plain text on one side', async () => {
    const [secure, plain] = await Promise.all([serve(), serve([])]);
    expect(failureOf(await status(secure.address, []))).toMatchObject({
      exitCode: 3,
      code: 'tls_failed',
      message: `${secure.address} speaks TLS, this side does not`,
      hint: expect.stringContaining('--tls-ca ca.crt'),
    });
    expect(failureOf(await status(plain.address, tls('client')))).toMatchObject({
      exitCode: 3,
      code: 'tls_failed',
      message: `${plain.address} does not speak TLS, this side does`,
      hint: expect.stringContaining('--tls-cert and --tls-key'),
    });
    // Also jobs, and workers: they say it once and go on trying, for the other side may be the one to mend.
    expect(failureOf(await denoise(['--coordinator', secure.address]))).toMatchObject({ code: 'tls_failed' });
    const lost = worker(['--join', secure.address]);
    await lost.until(() => lost.stderr.includes('speaks TLS, this side does not'), 'say so');
    await secure.until(() => secure.stderr.includes('it does not speak TLS'), 'log who came in plain text');
    expect(secure.stderr).toContain('"peer":"127.0.0.1"');
  });

  it('a certificate that is not shown, is of another CA, or has expired meanwhile', async () => {
    const { address } = await serve();
    const [, ca = ''] = tls('client');
    expect(failureOf(await status(address, ['--tls-ca', ca]))).toMatchObject({
      code: 'tls_failed',
      message: `${address} asks for a certificate, this side has none`,
      hint: expect.stringContaining('--tls-cert HOST.crt --tls-key HOST.key'),
    });
    const stranger = tlsFlags(authority, await (await TestAuthority.make()).host('stranger'), folder);
    expect(failureOf(await status(address, stranger))).toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(
        /does not take this side's certificate \(CN=stranger, issued by CN=asyncdiff development CA \w+\)/,
      ),
      hint: expect.stringContaining('CA in its own --tls-ca'),
    });
    const expired = new AsyncDiffClient(address, {
      security: authority.security(await authority.expired('old')),
    });
    await expect(expired.status()).rejects.toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(
        /does not take this side's certificate \(CN=old\): it expired on \d{4}-\d\d-\d\dT/,
      ),
    });
    expired.close();
  });

  it.each([
    [
      'that has expired',
      () => authority.expired('old'),
      /^the certificate of 127\.0\.0\.1:\d+ expired on \d{4}-\d\d-\d\dT/,
      /asyncdiff certs/,
    ],
    [
      'for another host',
      () => authority.host('elsewhere', ['elsewhere', '10.9.9.9']),
      /^the certificate of 127\.0\.0\.1:\d+ is for DNS:elsewhere, IP Address:10\.9\.9\.9, not for 127\.0\.0\.1$/,
      /--hosts NAME=ADDRESS/,
    ],
    [
      'of a CA that this side does not know',
      async () => (await TestAuthority.make()).host('other'),
      /^the certificate of 127\.0\.0\.1:\d+ comes from a CA that this side does not know: CN=asyncdiff development CA \w+$/,
      /--tls-ca/,
    ],
  ])('a server with a certificate %s', async (_what, make, message, hint) => {
    const server = await startServer({
      listen: '127.0.0.1:0',
      services: [],
      security: authority.security(await make()),
    });
    try {
      expect(failureOf(await status(server.address, tls('client')))).toMatchObject({
        exitCode: 3,
        code: 'tls_failed',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
    } finally {
      await server.close();
    }
  });

  it('files that do not fit, before anything is opened', async () => {
    const [, ca = '', , cert = '', , key = ''] = tls('client');
    const start = async (extra: readonly string[]) =>
      failureOf(await runCli(['serve', '--listen', '127.0.0.1:0', ...extra]));
    expect(await start(['--tls-cert', cert])).toMatchObject({
      code: 'invalid_settings',
      message: '--tls-cert is given without --tls-key',
    });
    expect(await start(['--tls-ca', ca])).toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('serves others without a certificate'),
    });
    expect(await start(['--tls-cert', cert, '--tls-key', tls('w1')[5] as string])).toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(/is not the key of the certificate/),
    });
    expect(await start(['--tls-cert', key, '--tls-key', key])).toMatchObject({
      code: 'file_unreadable',
      message: expect.stringContaining('does not hold a certificate in PEM form'),
    });
    expect(await start(['--tls-cert', 'nowhere.crt', '--tls-key', key])).toMatchObject({
      code: 'file_not_found',
      message: 'there is no file nowhere.crt',
    });
    expect(await start(tlsFlags(authority, await authority.expired('old'), folder))).toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(/host\.crt expired on \d{4}/),
    });
    await expect(loadSecurity({})).resolves.toEqual({});
  });

  it('hosts that are none', async () => {
    const certs = async (hosts: string) =>
      failureOf(await runCli(['certs', join(folder, 'bad'), '--hosts', hosts]));
    expect(await certs('a,../b')).toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: expect.stringContaining("'../b' is neither"),
    });
    expect(await certs('ca')).toMatchObject({ code: 'usage' });
    expect(await certs('a,a')).toMatchObject({ code: 'usage', message: '--hosts: a stands there twice' });
    expect(await certs(',')).toMatchObject({ code: 'usage' });
  });
});
