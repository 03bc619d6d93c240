/**
 * What mutual TLS costs a settled run: a declared SD 2.1 on four workers, stride 1, without shared memory, on a cluster in plain text and on one under
 * TLS in turn: `npm run bench:tls-run -- [--pairs 8] [--steps 40] [--dilation 4]`. One JSON line for each pair, and one with the medians. Both
 * clusters are there all the time; the one that does not run does nothing.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCa, makeHostCertificate } from '../cli/development-ca.js';
import { AsyncDiffClient, type JobEvent } from '../client/index.js';
import { median } from '../common/statistics/index.js';
import { zeros } from '../common/tensor/index.js';
import { Daemon } from './chaos/daemon.js';
import { tinyScheduler } from './chaos/tiny-model.js';

const WORKERS = 4;
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '8' },
    steps: { type: 'string', default: '40' },
    dilation: { type: 'string', default: '4' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-tls-run-'));

interface Side {
  readonly client: AsyncDiffClient;
  readonly daemons: readonly Daemon[];
}

interface Run {
  readonly seconds: number;
  readonly periodMs: number;
  readonly predictedPeriodMs: number;
  /** Of all processes of the cluster. */
  readonly cpuSeconds: number;
}

async function start(name: string, tls: readonly string[]): Promise<Side> {
  const cache = join(folder, name);
  const serve = new Daemon(['serve', '--listen', '127.0.0.1:0', '--cache', cache, ...tls]);
  const address = (await serve.ready) ?? '';
  const device = `declared:a5000-sd21,dilation=${values.dilation}`;
  const workers = Array.from({ length: WORKERS }, (_, at) => {
    const own = ['--name', `w${at}`, '--device', device, '--shared-memory', 'off', '--cache', cache];
    return new Daemon(['worker', '--join', address, ...own, ...tls]);
  });
  const [, ca = '', , certificate = '', , key = ''] = tls;
  const client = new AsyncDiffClient(
    address,
    tls.length === 0
      ? {}
      : {
          security: {
            tls: {
              ca: readFileSync(ca),
              identity: { certificate: readFileSync(certificate), key: readFileSync(key) },
              mutual: true,
            },
          },
        },
  );
  while ((await client.status()).workers.length < WORKERS)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return { client, daemons: [serve, ...workers] };
}

async function tlsFlags(): Promise<string[]> {
  const ca = await makeCa();
  const host = await makeHostCertificate(ca, { name: 'host', names: ['127.0.0.1'] }, 1);
  const pem = { ca: ca.certificate, cert: host.certificate, key: host.key };
  mkdirSync(join(folder, 'certs'));
  return Object.entries(pem).flatMap(([name, text]) => {
    const path = join(folder, 'certs', `${name}.pem`);
    writeFileSync(path, text);
    return [`--tls-${name}`, path];
  });
}

/** User and system time of the processes, seconds. */
function cpuSeconds({ daemons }: Side): number {
  const ticks = daemons.map(({ pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}

async function run(side: Side): Promise<Run> {
  const declared = (await side.client.status()).workers[0]?.declaredDevice;
  if (!declared) throw new Error('the workers are no declared devices');
  const { inputs, sampleInput, timestepInput, batch } = declared;
  const given = inputs.filter(({ name }) => name !== timestepInput);
  const before = cpuSeconds(side);
  const job = side.client.denoise({
    modelSha256: '',
    schedulerConfig: tinyScheduler('DDIMScheduler'),
    inputs: Object.fromEntries(
      given.map(({ name, dtype, dims: [rows = 1, ...dims] }) =>
        name === sampleInput
          ? ['sample', zeros('float32', [rows / batch, ...dims])]
          : [name, zeros(dtype as 'float32', [rows, ...dims])],
      ),
    ),
    guidanceScale: batch === 2 ? 7.5 : 1,
    numInferenceSteps: Number(values.steps),
    plan: { components: WORKERS, stride: 1, warmUp: 1 },
  });
  let done: Extract<JobEvent, { type: 'done' }> | undefined;
  for await (const event of job) if (event.type === 'done') done = event;
  if (done === undefined) throw new Error('the job did not end');
  const { seconds, periodMs, predictedPeriodMs } = done.report;
  return { seconds, periodMs, predictedPeriodMs, cpuSeconds: cpuSeconds(side) - before };
}

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const sides: Side[] = [];
try {
  const plain = await start('plain', []);
  sides.push(plain);
  const tls = await start('tls', await tlsFlags());
  sides.push(tls);
  // New processes interpret what old ones have compiled.
  for (const side of [plain, tls, plain, tls]) await run(side);
  const pairs: { readonly plain: Run; readonly tls: Run }[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    // Who comes first takes turns.
    const first = pair % 2 === 0 ? await run(plain) : undefined;
    const second = await run(tls);
    const one = { plain: first ?? (await run(plain)), tls: second };
    pairs.push(one);
    print({ ...one, load: loadavg()[0] });
  }
  const of = (key: keyof Run, side: 'plain' | 'tls'): number => median(pairs.map((one) => one[side][key]));
  const ratio = (key: keyof Run): number => median(pairs.map((one) => one.tls[key] / one.plain[key]));
  print({
    seconds_plain: of('seconds', 'plain'),
    seconds_tls: of('seconds', 'tls'),
    seconds_ratio: ratio('seconds'),
    period_ratio: ratio('periodMs'),
    cpu_plain: of('cpuSeconds', 'plain'),
    cpu_tls: of('cpuSeconds', 'tls'),
    of_ideal_plain: of('predictedPeriodMs', 'plain') / of('periodMs', 'plain'),
    of_ideal_tls: of('predictedPeriodMs', 'tls') / of('periodMs', 'tls'),
  });
} finally {
  for (const { client } of sides) client.close();
  await Promise.all(sides.flatMap(({ daemons }) => daemons.map((daemon) => daemon.kill())));
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
