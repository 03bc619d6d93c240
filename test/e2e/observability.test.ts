import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { CliProcess } from '../support/child.js';
import { eventually, runCli } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { FakeWorker, obliging } from '../support/fake-worker.js';
import { writeSmallFiles } from '../support/small-predictor.js';
import { documented, namesOf, scrape, type Trace, type TraceEvent } from '../support/observed.js';

let folder: string;
let serve: CliProcess;
let workers: CliProcess[];
let address: string;
let trace: Trace;
let flags: readonly string[];
const STEPS = 8;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-observability-'));
  const files = await writeSmallFiles(folder);
  flags = files.flags;
  const common = ['--cache', join(folder, 'cache'), '--metrics-port', '0'];
  serve = new CliProcess(['serve', '--listen', '127.0.0.1:0', ...common]);
  ({ address } = await serve.ready());
  workers = ['w1', 'w2'].map(
    (name) =>
      new CliProcess(
        ['worker', '--join', address, '--name', name].concat('--threads', '1', '--exit-with-stdin', common),
      ),
  );
  for (const worker of workers) await worker.until(() => worker.stderr.includes('"joined"'), 'join');
  const run = await runHere([
    'denoise',
    ...files.flags,
    ...`--num-inference-steps ${STEPS} --warm-up 2 --cut middle --quiet`.split(' '),
    '--coordinator',
    address,
    '--out',
    join(folder, 'out.npy'),
    '--trace-file',
    join(folder, 'traces', 'run.json'),
  ]);
  expect(run.code, run.stderr).toBe(0);
  trace = JSON.parse(readFileSync(join(folder, 'traces', 'run.json'), 'utf8')) as Trace;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LONG_JOB = (where: string, coordinator: string): string[] =>
  ['denoise', ...flags, '--num-inference-steps', '990'].concat(
    ['--coordinator', coordinator],
    ['--out', join(where, 'long.npy')],
  );

describe('metrics', () => {
  it('of the coordinator are the documented ones, and count', async () => {
    const text = await scrape(serve);
    expect(namesOf(text)).toEqual(documented('coordinator'));
    expect(text).toContain('asyncdiff_workers 2');
    expect(text).toContain('asyncdiff_jobs_total{outcome="done"} 1');
    expect(text).toContain(`asyncdiff_rounds_total ${STEPS}`);
    expect(text).toMatch(/asyncdiff_link_sent_bytes_total\{from="w1",to="w2"\} [1-9]/);
    expect(text).toContain('asyncdiff_staleness_rounds 1');
  });

  it('of workers are the documented ones, and count', async () => {
    const [first, second] = [await scrape(workers[0] as CliProcess), await scrape(workers[1] as CliProcess)];
    expect(namesOf(first)).toEqual(documented('worker'));
    expect(first).toMatch(/asyncdiff_link_sent_bytes_total\{to="w2"\} [1-9]/);
    expect(second).toMatch(/asyncdiff_link_received_bytes_total\{from="w1"\} [1-9]/);
    expect(first).toContain('asyncdiff_jobs_total 1');
  });
});

describe('the trace of a run', () => {
  const spans = (): readonly TraceEvent[] => trace.traceEvents.filter(({ ph }) => ph === 'X');
  const processes = (): Map<number, string> =>
    new Map(
      trace.traceEvents
        .filter(({ ph, name }) => ph === 'M' && name === 'process_name')
        .map(({ pid, args }) => [pid, String(args['name'])]),
    );

  it('is Chrome trace JSON of coordinator and workers, in order of time', () => {
    expect([...processes().values()]).toEqual(['coordinator', 'worker w1', 'worker w2']);
    expect(Object.keys(trace.otherData.clock_offset_ms)).toEqual(['w1', 'w2']);
    let lastUs = 0;
    for (const { name, cat, ts, dur, pid, tid } of spans()) {
      expect(processes().has(pid)).toBe(true);
      expect([typeof name, typeof cat, typeof tid]).toEqual(['string', 'string', 'number']);
      expect(ts).toBeGreaterThanOrEqual(lastUs);
      expect(dur).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(ts + (dur as number))).toBe(true);
      lastUs = ts;
    }
  });

  it('shows the parts of the job at the coordinator, and no two events of a track overlap', () => {
    const job = spans().filter(({ cat }) => cat === 'job');
    expect(job.map(({ name }) => name)).toEqual(['queue', 'plan', 'send', 'denoise']);
    const tracks = new Map<string, TraceEvent[]>();
    for (const span of spans()) {
      const track = `${span.pid}/${span.tid}`;
      tracks.set(track, [...(tracks.get(track) ?? []), span]);
    }
    for (const [track, events] of tracks) {
      for (const [at, { ts }] of events.entries()) {
        const before = events[at - 1];
        // Microseconds, as floating point has them.
        if (before !== undefined)
          expect(ts + 0.01, track).toBeGreaterThanOrEqual(before.ts + (before.dur ?? 0));
      }
    }
    const names = trace.traceEvents.filter(({ ph, name }) => ph === 'M' && name === 'thread_name');
    expect(new Set(names.map(({ args }) => String(args['name']).replace(/ \d+$/, '')))).toEqual(
      new Set(['job', 'device', 'send', 'receive']),
    );
  });

  it('shows what each worker computed, waited for and received, and every step of the sampler', () => {
    const of = (process: string, category: string): number =>
      spans().filter(({ pid, cat }) => processes().get(pid) === process && cat === category).length;
    // Component N's worker takes them.
    expect(of('worker w2', 'sampler')).toBe(STEPS);
    for (const worker of ['worker w1', 'worker w2']) {
      // In the last step nobody reads what component 1 would make.
      expect(of(worker, 'compute'), `${worker} compute`).toBeGreaterThanOrEqual(STEPS - 1);
      expect(of(worker, 'wait'), `${worker} wait`).toBeGreaterThan(0);
    }
    expect(of('worker w2', 'transfer')).toBeGreaterThanOrEqual(STEPS - 1);
    const rounds = spans()
      .filter(({ cat }) => cat === 'compute')
      .map(({ args }) => args['round']);
    expect(rounds.every((round) => typeof round === 'number')).toBe(true);
  });
});

describe('reflection', () => {
  it('lists the services of coordinator and worker, as grpcurl asks for them', async () => {
    const definition = loadSync('grpc/reflection/v1/reflection.proto', {
      includeDirs: [join(packageRoot, 'node_modules', '@grpc', 'reflection', 'build', 'proto')],
    })['grpc.reflection.v1.ServerReflection'] as unknown as Record<
      string,
      {
        path: string;
        requestSerialize: (request: object) => Buffer;
        responseDeserialize: (bytes: Buffer) => { listServicesResponse?: { service: { name: string }[] } };
      }
    >;
    const method = definition['ServerReflectionInfo'];
    if (method === undefined) throw new Error('no reflection method');
    const list = (at: string): Promise<string[]> => {
      const client = new Client(at, credentials.createInsecure());
      return new Promise<string[]>((resolve, reject) => {
        const call = client.makeBidiStreamRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
        );
        call.on(
          'data',
          ({ listServicesResponse }: { listServicesResponse?: { service: { name: string }[] } }) => {
            resolve((listServicesResponse?.service ?? []).map(({ name }) => name));
            call.end();
          },
        );
        call.on('error', reject);
        call.write({ listServices: '' });
      }).finally(() => client.close());
    };
    expect(await list(address)).toEqual(expect.arrayContaining(['asyncdiff.v1.Coordinator']));
    const { address: workerAddress } = await (workers[0] as CliProcess).ready();
    expect(await list(workerAddress)).toEqual(expect.arrayContaining(['asyncdiff.v1.Worker']));
  });
});

it('the log of a coordinator says who is there, which plan runs and who is gone', async () => {
  const [, second] = workers;
  await (second as CliProcess).stop();
  await eventually(() => serve.stderr.includes('worker gone'), 'it says so');
  const lines = serve.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining([
      'worker registered',
      'job started',
      'plan deployed',
      'job planned',
      'job ended',
      'worker gone',
    ]),
  );
  const ended = lines.find(({ msg }) => msg === 'job ended');
  expect(ended).toMatchObject({ kind: 'denoise', outcome: 'done', losses: 0 });
  expect(ended?.['job']).toMatch(/^[0-9a-f-]{36}$/);
  expect(ended?.['client']).toMatch(/^127\.0\.0\.1:\d+$/);
});

it('jobs are listed with how they went, and a running one is cancelled by its id', async () => {
  const jobs = async (): Promise<Record<string, unknown>[]> => {
    const { code, stdout, stderr } = await runHere(['jobs', '--json', '--coordinator', address]);
    expect(code, stderr).toBe(0);
    return (JSON.parse(stdout) as { jobs: Record<string, unknown>[] }).jobs;
  };
  expect(await jobs()).toMatchObject([
    { kind: 'denoise', state: 'done', step: STEPS, steps: STEPS, workers: 2, losses: 0, error_code: '' },
  ]);
  // A worker that is always at it, and never done.
  for (const worker of workers) await worker.stop();
  let moves = 0;
  const slow = new FakeWorker(address, 'slow', (message) =>
    message.askState ? { stateReport: { id: message.askState.id, moves: ++moves } } : obliging(message),
  );
  await eventually(
    async () => (await runHere(['status', '--coordinator', address])).stdout.includes('slow'),
    'it joins',
  );
  const long = new CliProcess([...LONG_JOB(folder, address)]);
  let id = '';
  await eventually(async () => {
    const [newest] = await jobs();
    id = String(newest?.['job_id']);
    return newest?.['state'] === 'running' && newest['workers'] === 1;
  }, 'it runs');
  expect(await runCli(['cancel', id, '--coordinator', address])).toMatchObject({
    code: 0,
    stdout: `cancelled ${id}\n`,
  });
  expect((await long.exit).stderr).toContain('[cancelled]');
  await eventually(async () => (await jobs())[0]?.['state'] === 'cancelled', 'it is listed as cancelled');
  const again = await runHere(['cancel', id, '--coordinator', address]);
  expect([again.code, again.stderr]).toEqual([
    expect.any(Number),
    expect.stringContaining('[job_not_found]'),
  ]);
  expect(again.code).not.toBe(0);
  const text = await runHere(['jobs', '--coordinator', address]);
  expect(text.stdout.split('\n')[0]).toMatch(new RegExp(`^${id}  denoise  cancelled  after`));
  slow.close();
});
