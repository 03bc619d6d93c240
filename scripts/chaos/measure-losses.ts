/**
 * How soon a loss is noticed, and what it costs the job: `node dist/scripts/chaos/measure-losses.js [--repeats 3]`. One JSON line for each way
 * to lose a worker, medians; the job goes on with the two that are left.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AsyncDiffClient } from '../../client/index.js';
import { median } from '../../common/statistics/index.js';
import { ChaosCluster, type ChaosWorker } from './chaos-cluster.js';
import { tinyLatents, tinyScheduler, writeTinyModel } from './tiny-model.js';

const STEPS = 900;
/** At which the loss happens. */
const STEP = 150;

const LOSSES: Readonly<Record<string, (worker: ChaosWorker) => void>> = {
  'process killed': ({ daemon }) => daemon.signal('SIGKILL'),
  'process stopped': ({ daemon }) => daemon.signal('SIGSTOP'),
  'link to the coordinator cut': ({ control }) => control.cut(),
  'link to the coordinator silent': ({ control }) => control.freeze(),
};

interface Cost {
  readonly noticedMs: number;
  /** From then on until the job goes on with others. */
  readonly placedMs: number;
  /** Steps that were done and are done again. */
  readonly steps: number;
}

interface Seen {
  readonly msg: string;
  readonly timeMs: number;
  readonly fromStep: number;
}

const { values } = parseArgs({ options: { repeats: { type: 'string', default: '3' } } });
const seen: Seen[] = [];
const cluster = await ChaosCluster.start(3, (line) =>
  seen.push({
    msg: String(line['msg']),
    timeMs: Number(line['time']),
    fromStep: Number(line['from_step'] ?? 0),
  }),
);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
mkdirSync(join(cluster.folder, 'model'));
const client = new AsyncDiffClient(cluster.address);
const modelSha256 = await client.uploadModel(writeTinyModel(join(cluster.folder, 'model')));

async function ready(): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    const { workers } = await client.status();
    if (workers.length === 3 && workers.every(({ state }) => state === 'idle' || state === 'ready')) return;
    await sleep(200);
  }
  throw new Error('not all workers came back');
}

async function lose(
  act: (worker: ChaosWorker) => void,
): Promise<{ noticedMs: number; placedMs: number; steps: number }> {
  await ready();
  seen.length = 0;
  const worker = cluster.workers[1] as ChaosWorker;
  let [actedMs, reached] = [0, 0];
  const job = client.denoise({
    modelSha256,
    schedulerConfig: tinyScheduler('DDIMScheduler'),
    inputs: { sample: tinyLatents(8) },
    numInferenceSteps: STEPS,
    sendSteps: true,
    plan: { cuts: ['middle'], microCuts: 1, maxWorkers: 2, useWorkers: ['w1', 'w2', 'w3'], tolerance: 'off' },
  });
  for await (const event of job) {
    if (event.type !== 'step') continue;
    const isResumed = seen.filter(({ msg }) => msg === 'job planned').length > 1;
    if (!isResumed) reached = Math.max(reached, event.step + 1);
    if (actedMs > 0 || event.step < STEP) continue;
    actedMs = Date.now();
    act(worker);
  }
  worker.daemon.signal('SIGCONT');
  worker.control.thaw();
  if (!worker.daemon.isAlive) await cluster.restart(worker);
  const goneMs = seen.find(({ msg }) => msg === 'worker gone')?.timeMs ?? Number.NaN;
  const [, again] = seen.filter(({ msg }) => msg === 'job planned');
  return {
    noticedMs: goneMs - actedMs,
    placedMs: (again?.timeMs ?? Number.NaN) - goneMs,
    steps: reached - (again?.fromStep ?? 0),
  };
}

try {
  for (const [loss, act] of Object.entries(LOSSES)) {
    const runs: Cost[] = [];
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) runs.push(await lose(act));
    const of = (key: keyof Cost): number => median(runs.map((run) => run[key]));
    const line = { loss, noticed_ms: of('noticedMs'), placed_ms: of('placedMs'), steps_again: of('steps') };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
} finally {
  client.close();
  await cluster.stop();
}
process.exit(0);
