import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AsyncDiffClient } from '../../client/index.js';
import { ChaosCluster } from './chaos-cluster.js';
import { FaultyLink } from './faulty-link.js';
import { type Outcome, runChaosJob } from './job-run.js';
import { JobLedger } from './job-ledger.js';
import { Mishaps } from './mishaps.js';
import { Replay } from './replay.js';
import { type ChaosJob, scenarioOf } from './scenario.js';
import { writeTinyModel } from './tiny-model.js';
import { type ChaosVerdict, Judge } from './judge.js';

const WORKERS = 3;
const CLIENTS = 3;
/** Jobs between two looks at memory and descriptors. */
const JOBS_PER_LOOK = 10;
/** After the last job: until all workers are there again. */
const CALM_MS = 30_000;

interface ChaosOptions {
  readonly seed: number;
  readonly jobs: number;
  /** No job begins later. */
  readonly maxSeconds?: number | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a scenario on real processes and judges what came of every job. */
export async function runChaos(options: ChaosOptions): Promise<ChaosVerdict> {
  const { seed, maxSeconds = Number.POSITIVE_INFINITY, onLine = () => undefined } = options;
  const startMs = performance.now();
  const ledger = new JobLedger();
  const cluster = await ChaosCluster.start(WORKERS, (line) => ledger.read(line));
  const mishaps = new Mishaps(cluster);
  const judge = new Judge({ seed, cluster, ledger, mishaps });
  try {
    mkdirSync(join(cluster.folder, 'model'));
    const modelPath = writeTinyModel(join(cluster.folder, 'model'));
    const modelSha256 = await withClient(cluster.address, (client) => client.uploadModel(modelPath));
    await calm(cluster);
    const replay = new Replay(modelPath, join(cluster.folder, 'replay'));
    const waiting = scenarioOf(seed, options.jobs, WORKERS);
    const serve = async (): Promise<void> => {
      const link = await FaultyLink.open(cluster.address);
      for (;;) {
        const job = waiting.shift();
        if (job === undefined) break;
        if ((performance.now() - startMs) / 1000 > maxSeconds) break;
        await sleep(job.pauseMs);
        await cluster.whenServing();
        const outcome = await judge.during(() => runOne(job, { link, modelSha256, mishaps }));
        await judge.add(outcome, replay);
        onLine(lineOf(outcome));
        if (judge.count % JOBS_PER_LOOK === 0) judge.look();
        if (outcome.code === 'hung') break;
      }
      link.close();
    };
    await Promise.all(Array.from({ length: CLIENTS }, serve));
    await mishaps.over();
    await cluster.heal();
    const isCalm = await calm(cluster);
    const link = await FaultyLink.open(cluster.address);
    const [last] = scenarioOf(0, 1, WORKERS) as [ChaosJob];
    const plain: ChaosJob = {
      ...last,
      index: options.jobs,
      steps: 6,
      variant: 'look-ahead',
      client: 'stays',
      mishaps: [],
    };
    await judge.add(await judge.during(() => runOne(plain, { link, modelSha256, mishaps })), replay);
    link.close();
    await replay.close();
    judge.look();
    return await judge.verdict({ isCalm, seconds: (performance.now() - startMs) / 1000 });
  } finally {
    await mishaps.over();
    await cluster.stop();
  }
}

function runOne(
  job: ChaosJob,
  { link, modelSha256, mishaps }: { link: FaultyLink; modelSha256: string; mishaps: Mishaps },
): Promise<Outcome> {
  return runChaosJob({
    job,
    modelSha256,
    link,
    onMoment: (moment) => {
      for (const mishap of job.mishaps) if (mishap.moment === moment) mishaps.happen(mishap, job.index);
    },
  });
}

/** Whether all workers are registered and no job is left, before long. */
async function calm(cluster: ChaosCluster): Promise<boolean> {
  const untilMs = performance.now() + CALM_MS;
  while (performance.now() < untilMs) {
    const status = await withClient(cluster.address, (client) => client.status()).catch(() => undefined);
    const isQuiet = status?.runningJobs === 0 && status.queuedJobs === 0;
    const states = status?.workers.map(({ state }) => state) ?? [];
    if (
      isQuiet &&
      states.length === WORKERS &&
      states.every((state) => state !== 'busy' && state !== 'deploying')
    )
      return true;
    await sleep(200);
  }
  return false;
}

async function withClient<T>(address: string, use: (client: AsyncDiffClient) => Promise<T>): Promise<T> {
  const client = new AsyncDiffClient(address);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

function lineOf({ job, code, message, result, seconds }: Outcome): string {
  const what = [`job ${job.index}`, job.variant, `${job.steps} steps`, `client ${job.client}`];
  const mishaps = job.mishaps.map(({ kind, moment, worker }) => `${kind} ${worker + 1} when ${moment}`);
  const end = result === undefined ? `${code}: ${message}` : `done, ${result.report.restarts} restarts`;
  return [...what, ...mishaps, `${end} (${seconds.toFixed(1)} s)`].join(', ');
}
