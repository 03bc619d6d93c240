/**
 * Two workers of which one has half of what the other has, by processor quotas: how even the load is before and after the predictor was cut again on
 * measured times. Their groups go before whatever else the machine does, so that the quotas are what they get.
 *
 *     npm run bench:recut -- [MODEL FOLDER] [--quotas 1,0.5] [--steps 40]
 *
 * Prints one JSON line for each shape. Needs cgroups that this user may write (root), and two cores.
 */
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RunReport } from '../client/index.js';
import { LocalCluster } from '../client/local/index.js';
import type { PlanOptions } from '../common/settings/index.js';

const PERIOD_US = 100_000;
/** Of cgroups, version 1 and 2. */
const ROOTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quotas: { type: 'string', default: '1,0.5' },
    steps: { type: 'string', default: '40' },
    shapes: { type: 'string', default: 'sequential,u-shaped' },
  },
});
const [modelDir = 'models/emoji'] = positionals;
const quotas = (values.quotas ?? '').split(',').map(Number);
/** Of version 1 and 2: the most. */
const MAX_SHARES = '262144';
const MAX_WEIGHT = '10000';

/** A group of processes that get so much of a core. */
class QuotaGroup {
  readonly #path: string;

  constructor(share: number) {
    const isFirst = existsSync(join(ROOTS[0], 'cpu.cfs_quota_us'));
    this.#path = join(isFirst ? ROOTS[0] : ROOTS[1], `asyncdiff-recut-${process.pid}-${share}`);
    mkdirSync(this.#path);
    const quotaUs = Math.round(share * PERIOD_US);
    if (isFirst) {
      writeFileSync(join(this.#path, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(this.#path, 'cpu.cfs_quota_us'), String(quotaUs));
      writeFileSync(join(this.#path, 'cpu.shares'), MAX_SHARES);
    } else {
      writeFileSync(join(this.#path, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
      writeFileSync(join(this.#path, 'cpu.weight'), MAX_WEIGHT);
    }
  }

  take(pid: number): void {
    writeFileSync(join(this.#path, 'cgroup.procs'), String(pid));
  }

  /** When its processes are gone. */
  remove(): void {
    rmdirSync(this.#path);
  }
}

async function run(cluster: LocalCluster, plan: PlanOptions): Promise<RunReport> {
  const job = cluster.client.generate({
    prompt: 'red apple',
    numInferenceSteps: Number(values.steps),
    seed: 1,
    plan: { warmUp: 1, end: 0, tolerance: 'off', ...plan },
  });
  return (await job.result()).report;
}

/** Compute of each worker per round, milliseconds. */
function loadsOf({ workers, rounds }: RunReport): Record<string, number> {
  return Object.fromEntries(workers.map(({ name, computeMs }) => [name, computeMs / rounds]));
}

/** Before and after, for one shape; nothing is remembered from another one. */
async function measure(shape: 'sequential' | 'u-shaped'): Promise<void> {
  const cacheDir = mkdtempSync(join(tmpdir(), 'asyncdiff-recut-'));
  const groups = quotas.map((share) => new QuotaGroup(share));
  const options = { workers: 2, threads: 1, modelDir, cacheDir, stderr: process.stderr };
  const cluster = await LocalCluster.start(options);
  try {
    groups.forEach((group, at) => group.take(cluster.pids[at] as number));
    // What either worker takes for the whole predictor: with these both would compute for as long, were the parts cut ideally.
    const whole: number[] = [];
    for (const name of ['local-1', 'local-2'])
      whole.push(loadsOf(await run(cluster, { components: 1, useWorkers: [name] }))[name] as number);
    const idealMs = 1 / whole.reduce((sum, ms) => sum + 1 / ms, 0);
    const rows: Record<string, unknown> = { shape, wholeMs: whole.map(round), idealMs: round(idealMs) };
    for (const recut of ['off', 'on'] as const) {
      const report = await run(cluster, { components: 2, shape, recut });
      const loads = loadsOf(report);
      rows[recut] = {
        turns: report.recutTurns,
        cuts: report.cuts,
        planId: report.planId,
        periodMs: round(report.periodMs),
        predictedMs: round(report.predictedPeriodMs),
        loadsMs: Object.values(loads).map(round),
        busiestOverIdeal: round(Math.max(...Object.values(loads)) / idealMs),
        plannedShares: report.workers.map(({ plannedShare }) => round(plannedShare)),
        measuredShares: report.workers.map(({ measuredShare }) => round(measuredShare)),
      };
    }
    console.log(JSON.stringify(rows));
  } finally {
    await cluster.close();
    for (const group of groups) group.remove();
    rmSync(cacheDir, { recursive: true, force: true });
  }
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

for (const shape of (values.shapes ?? '').split(',')) await measure(shape as 'sequential' | 'u-shaped');
