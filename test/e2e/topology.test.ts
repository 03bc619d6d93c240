import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type UntypedServiceImplementation } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient, type WorkerStatus } from '../../client/index.js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { readNpy } from '../../common/npy/index.js';
import { coordinatorService, openCoordinatorChannel, PROTOCOL_VERSION } from '../../rpc/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import type { CoordinatorMessage__Output } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { expectSameBits } from '../support/bits.js';
import { CliProcess } from '../support/child.js';
import { eventually, failureOf } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';
import { bidiHandler, startServer } from '../../rpc/server/index.js';

let folder: string;
let files: SmallFiles;
let coordinator: string;
/** Workers of a test. */
let started: CliProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-topology-'));
  files = await writeSmallFiles(folder);
  coordinator = (await serveWith()).address;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// The coordinator is the same for most tests, each with workers of its own.
afterEach(async () => {
  for (const each of started) each.kill('SIGKILL');
  started = [];
  await joined(coordinator, 0);
});

function cache(): string[] {
  return ['--cache', join(folder, 'cache')];
}

function denoise(
  where: readonly string[],
  flags: readonly string[] = [],
): Promise<Awaited<CliProcess['exit']>> {
  return runHere([
    'denoise',
    ...files.flags,
    '--num-inference-steps',
    '8',
    '--warm-up',
    '1',
    '--cut',
    'middle',
    '--out',
    join(folder, 'out.npy'),
    '--json',
    '--quiet',
    ...where,
    ...flags,
  ]);
}

let made: ReturnType<typeof readNpy> | undefined;
/** What the reference executor gives; made once. */
function reference(): ReturnType<typeof readNpy> {
  made ??= (async () => {
    const run = await denoise(
      ['--reference', '--threads', '1', ...cache()],
      ['--out', join(folder, 'reference.npy')],
    );
    expect(run.code, run.stderr).toBe(0);
    return readNpy(join(folder, 'reference.npy'));
  })();
  return made;
}

async function serveWith(flags: readonly string[] = []): Promise<{ address: string; serve: CliProcess }> {
  const serve = new CliProcess(['serve', '--listen', '127.0.0.1:0', ...cache(), ...flags]);
  return { address: (await serve.ready()).address, serve };
}

async function joined(address: string, count: number): Promise<readonly WorkerStatus[]> {
  const client = new AsyncDiffClient(address);
  let workers: readonly WorkerStatus[] = [];
  await eventually(async () => {
    ({ workers } = await client.status());
    return workers.length === count;
  }, `${count} workers`);
  client.close();
  return workers;
}

function worker(flags: readonly string[]): CliProcess {
  const child = new CliProcess(['worker', '--threads', '1', '--exit-with-stdin', ...cache(), ...flags]);
  started.push(child);
  return child;
}

it('workers that listen are dialled, again after they come back, and give the bits of the reference', async () => {
  const workers = [1, 2].map((index) => worker(['--listen', '127.0.0.1:0', '--name', `w${index}`]));
  const addresses = await Promise.all(workers.map(async (each) => (await each.ready()).address));
  const { address, serve } = await serveWith(['--workers', addresses.join(',')]);
  expect((await joined(address, 2)).map(({ address: at }) => at)).toEqual(addresses);
  const run = await denoise(['--coordinator', address]);
  expect(run.code, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ components: 2, data_path: 'direct' });
  const out = await readNpy(join(folder, 'out.npy'));
  expectSameBits(out, await reference(), 'direct');

  workers[0]?.kill('SIGKILL');
  await workers[0]?.exit;
  const again = worker(['--listen', addresses[0] as string, '--name', 'w1']);
  await again.ready();
  await joined(address, 2);
  expect((await denoise(['--coordinator', address])).code).toBe(0);

  // A second coordinator cannot have them: it goes on trying, and says so.
  const second = await serveWith(['--workers', addresses[1] as string]);
  await second.serve.until(() => second.serve.stderr.includes('does not answer'), 'say so');
  expect((await denoise(['--coordinator', second.address])).code).toBe(3);
  expect(await serve.stop()).toMatchObject({ code: 0 });
  // And gets them when the first is gone.
  await joined(second.address, 1);
});

it('workers that cannot reach each other: tensors go through the coordinator by themselves, and the relay gives the same bits', async () => {
  const address = coordinator;
  // Nothing listens at port 1.
  for (const name of ['w1', 'w2']) worker(['--join', address, '--name', name, '--advertise', '127.0.0.1:1']);
  await joined(address, 2);
  const unasked = await denoise(['--coordinator', address]);
  expect(unasked.code, unasked.stderr).toBe(0);
  expect(unasked.stderr).toMatch(/going on through the coordinator from step 0: worker 'w[12]' cannot reach/);
  expectSameBits(await readNpy(join(folder, 'out.npy')), await reference(), 'relayed unasked');
  const run = await denoise(['--coordinator', address], ['--data-path', 'relay']);
  expect(run.code, run.stderr).toBe(0);
  const document = JSON.parse(run.stdout) as Record<string, unknown>;
  expect(document).toMatchObject({ components: 2, data_path: 'relay' });
  expect(document['bytes_between_workers']).toBeGreaterThan(0);
  const out = await readNpy(join(folder, 'out.npy'));
  expectSameBits(out, await reference(), 'relayed');
});

it('workers that listen everywhere are known by the address that they are seen at', async () => {
  const address = coordinator;
  for (const name of ['w1', 'w2'])
    worker(['--join', address, '--name', name, '--listen', '0.0.0.0:0', '--insecure']);
  for (const { address: at } of await joined(address, 2)) expect(at).toMatch(/^127\.0\.0\.1:\d+$/);
  const run = await denoise(['--coordinator', address]);
  expect(run.code, run.stderr).toBe(0);
});

it('two workers of one name are told apart', async () => {
  const address = coordinator;
  for (let count = 0; count < 2; count++) worker(['--join', address, '--name', 'twin']);
  expect((await joined(address, 2)).map(({ name }) => name)).toEqual(['twin', 'twin-2']);
  expect((await denoise(['--coordinator', address])).code).toBe(0);
});

it('a slow worker gets less to compute, and is left out where fewer are needed; the bits are those of the same cut', async () => {
  const address = coordinator;
  worker(['--join', address, '--name', 'slow', '--speed', '0.25']);
  await joined(address, 1);
  worker(['--join', address, '--name', 'fast']);
  await joined(address, 2);
  const common = ['--num-inference-steps', '8', '--warm-up', '1', '--out', join(folder, 'out.npy')];
  const run = (flags: readonly string[]) =>
    runHere(['denoise', ...files.flags, ...common, '--json', '--quiet', ...flags]);
  const two = JSON.parse((await run(['--coordinator', address, '--shape', 'sequential'])).stdout);
  expect(two.workers.map(({ name }: { name: string }) => name)).toEqual(['fast', 'slow']);
  // Even loads: 0.8 of the compute and 0.2, as far as so small a model can be cut.
  expect(two.max_share).toBeGreaterThan(0.65);
  const out = await readNpy(join(folder, 'out.npy'));
  await run(['--reference', '--threads', '1', ...cache(), '--cut', two.cuts[0]]);
  expectSameBits(await readNpy(join(folder, 'out.npy')), out, 'the same cut');
  const one = JSON.parse((await run(['--coordinator', address, '--components', '1'])).stdout);
  expect(one.workers.map(({ name }: { name: string }) => name)).toEqual(['fast']);
});

describe('other versions of the protocol', () => {
  async function sayFirst(address: string, message: WorkerMessage): Promise<AsyncDiffError | undefined> {
    const client = openCoordinatorChannel(address);
    const stream = new ControlStream<WorkerMessage, CoordinatorMessage__Output>(client.join());
    try {
      return await new Promise((resolve) => {
        stream.listen({ onMessage: () => {}, onClosed: resolve });
        stream.send(message);
      });
    } finally {
      client.close();
    }
  }

  it('a worker of another version is refused with both versions named; the coordinator goes on', async () => {
    const address = coordinator;
    const hello = { protocolVersion: 99, version: '9.9.9', name: 'from-the-future' };
    expect(await sayFirst(address, { hello })).toMatchObject({
      code: 'protocol_mismatch',
      message: expect.stringMatching(
        new RegExp(
          `from-the-future speaks protocol 99 \\(asyncdiff 9\\.9\\.9\\), this coordinator ${PROTOCOL_VERSION}`,
        ),
      ),
      hint: expect.stringContaining('same asyncdiff version'),
    });
    expect(await sayFirst(address, { pong: { id: 1 } })).toMatchObject({
      code: 'protocol_mismatch',
      message: expect.stringContaining('did not begin with hello'),
    });
    await joined(address, 0);
    worker(['--join', address]);
    await joined(address, 1);
  });

  it('a worker ends with an error when its coordinator is of another version', async () => {
    const handlers = {
      Join: bidiHandler((stream) => {
        stream.listen({ onMessage: () => {}, onClosed: () => stream.end() });
        stream.send({
          welcome: { workerId: 'w', protocolVersion: 99, version: '9.9.9', pingIntervalMs: 2000 },
        });
      }),
      ...Object.fromEntries(
        Object.keys(coordinatorService())
          .filter((name) => name !== 'Join')
          .map((name) => [name, () => {}]),
      ),
    } as unknown as UntypedServiceImplementation;
    const server = await startServer({
      listen: '127.0.0.1:0',
      services: [{ definition: coordinatorService(), handlers }],
    });
    try {
      const ended = await worker(['--join', server.address]).exit;
      expect(failureOf({ ...ended, stdout: '' })).toMatchObject({
        code: 'protocol_mismatch',
        exitCode: 1,
        message: expect.stringMatching(`coordinator speaks protocol 99, this worker ${PROTOCOL_VERSION}`),
      });
    } finally {
      await server.close();
    }
  });
});
