import { createHash } from 'node:crypto';
import { packageVersion } from '../../common/package.js';
import type { RunReport } from '../../rpc/gen/asyncdiff/v1/RunReport.js';
import { toPlanSettingsMessage } from '../../rpc/index.js';
import type { NamedTensors } from '../deployment/index.js';
import type { ItemsRequest } from './item-list.js';
import type { GroupRun } from './item-run.js';
import { runIdentity } from './run-identity.js';
import { workerReports } from './run-report.js';

/** What a run tells when it is done; of several shapes, times of all and the plan of the last. */
export function itemReport(
  { items, inputs, settings }: ItemsRequest,
  runs: readonly GroupRun[],
  { totalSeconds, restarts }: { totalSeconds: number; restarts: number },
): RunReport {
  const last = runs.at(-1) as GroupRun;
  const { deployment, rates } = last;
  const { plan } = deployment;
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const workers = workerReports(deployment, last.workers);
  const { maxWorkers } = settings;
  const used = {
    ...settings,
    ...plan.settings,
    warmUp: 1,
    end: 0,
    tolerance: 'off' as const,
    maxWorkers: maxWorkers === 'auto' ? deployment.workers.length : maxWorkers,
  };
  return {
    seconds,
    totalSeconds,
    steps: items.length,
    rounds: items.length,
    periodMs: 1000 / itemsPerSecond(last),
    predictedPeriodMs: rates.periodMs,
    maxShare: rates.oneWorkerMs === 0 ? 1 : Math.min(1, rates.periodMs / rates.oneWorkerMs),
    bytesBetweenWorkers: workers.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    broadcastBytesPerRound: plan.partition.broadcastBytes,
    settings: toPlanSettingsMessage(used),
    timeDilation: 1,
    cuts: [...plan.partition.cuts],
    planId: plan.planId,
    restarts,
    ...identityOf(last, [...items, inputs]),
    workers,
    throughput: {
      itemsPerSecond: itemsPerSecond(last),
      predictedItemsPerSecond: rates.periodMs === 0 ? 0 : 1000 / rates.periodMs,
      oneWorkerItemsPerSecond: rates.oneWorkerMs === 0 ? 0 : 1000 / rates.oneWorkerMs,
    },
  };
}

/** Of a full pipeline: from the first item done to the last one; of one item, of all of its time. */
function itemsPerSecond({ doneMs, seconds }: GroupRun): number {
  const [first = 0, end = 0] = [doneMs[0], doneMs.at(-1)];
  return end > first ? (1000 * (doneMs.length - 1)) / (end - first) : 1 / Math.max(seconds, 1e-6);
}

function identityOf({ deployment }: GroupRun, given: readonly NamedTensors[]) {
  const hash = createHash('sha256');
  for (const tensors of given)
    for (const [name, { dtype, dims, data }] of Object.entries(tensors))
      hash
        .update(JSON.stringify([name, dtype, dims]))
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const { runtimes, ...identity } = runIdentity(deployment, hash.digest('hex'));
  return { ...identity, runtimes: [...runtimes], version: packageVersion };
}
