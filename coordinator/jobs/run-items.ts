import { createHash } from 'node:crypto';
import { AsyncDiffError } from '../../common/errors/index.js';
import { packageVersion } from '../../common/package.js';
import { componentCount } from '../../program/index.js';
import type { JobEvent } from '../../rpc/gen/asyncdiff/v1/JobEvent.js';
import type { RunReport } from '../../rpc/gen/asyncdiff/v1/RunReport.js';
import { toPlanSettingsMessage, toTensorMessages } from '../../rpc/index.js';
import type { NamedTensors } from '../deployment/index.js';
import { chooseWorkers } from '../workers/index.js';
import { declaredSource } from './generate-job.js';
import { checkedItems, groupsOf, type ItemsRequest, usedAs } from './item-list.js';
import { type GroupRun, type ItemProgress, runGroup } from './item-run.js';
import { runIdentity } from './run-identity.js';
import { type JobContext, preparingMessage, workersThere } from './run-job.js';
import { workerReports } from './run-report.js';
import { mergeTrace, type TracedRun } from './trace.js';

/** Progress is for eyes. */
const PROGRESS_INTERVAL_MS = 100;

/**
 * Runs a single-pass model over a list of items on the workers there are, as a pipeline: each component computes another item. Nothing is
 * stale: outputs are those of the whole model, bit for bit on one device. They are told item by item.
 */
export async function runItems(
  given: ItemsRequest,
  context: JobContext,
): Promise<Required<Pick<JobEvent, 'done'>>> {
  if (declaredSource(context) !== undefined)
    throw new AsyncDiffError(
      'invalid_settings',
      'declared devices stand in for a noise predictor: they run no other model',
      {
        hint: 'Use workers that compute.',
      },
    );
  const request = checkedItems(given);
  const { settings, items, inputs } = request;
  const groups = groupsOf(request);
  const startMs = performance.now();
  const { registry, deployments } = context;
  const progress: ItemProgress = { attempts: 0, restarts: 0 };
  const workers = async () => {
    const there = await workersThere(context, settings);
    const rested = chooseWorkers(registry.usable, settings);
    return rested.length > 0 ? rested : there;
  };
  let done = 0;
  let toldMs = 0;
  let oneWorkerMs = 0;
  let beganMs = 0;
  const runs: GroupRun[] = [];
  for (const group of groups) {
    const givenShapes = Object.entries(inputs).map(([name, { dims }]) => [name, dims] as const);
    const run = await runGroup(
      request,
      group,
      {
        source: {
          kind: 'model',
          modelPath: request.modelPath,
          inputShapes: { ...group.shapes, ...Object.fromEntries(givenShapes) },
          singlePass: usedAs(request),
        },
        settings,
        batchRepeat: 1,
      },
      context,
      progress,
      {
        workers,
        onPreparing: (preparing) => context.emit({ preparing: preparingMessage(preparing) }),
        onDeployed: (deployment, rates, loss) => {
          const count = deployment.workers.length;
          if (loss !== undefined)
            context.emit({
              warning: { message: `going on with ${count} workers after ${done} items: ${loss.rawMessage}` },
            });
          const components = componentCount(deployment.partition);
          context.planned({
            plan: deployment.planId,
            components,
            period_ms: rates.periodMs,
            items_done: done,
          });
          oneWorkerMs = rates.oneWorkerMs;
          if (beganMs === 0) beganMs = performance.now();
          context.emit({
            planned: {
              components,
              stride: 1,
              warmUp: 1,
              workers: count,
              rounds: items.length,
              predictedPeriodMs: rates.periodMs,
            },
          });
        },
        onItem: (item, outputs) => {
          done += 1;
          context.emit({ itemOutputs: { item, outputs: toTensorMessages(outputs) } });
          const nowMs = performance.now();
          if (nowMs - toldMs >= PROGRESS_INTERVAL_MS || done === items.length) {
            toldMs = nowMs;
            const ms = nowMs - beganMs;
            context.emit({
              progress: {
                step: done,
                steps: items.length,
                round: done,
                stepsPerSecond: (1000 * done) / ms,
                speedup: (done * oneWorkerMs) / ms,
                secondsLeft: ((items.length - done) * ms) / done / 1000,
              },
            });
          }
          return context.room();
        },
      },
    );
    runs.push(run);
    for (const worker of run.deployment.workers) registry.worked(worker);
  }
  const last = runs.at(-1) as GroupRun;
  const totalSeconds = (performance.now() - startMs) / 1000;
  context.metrics.jobDone({ ...last, rounds: items.length, restarts: progress.restarts, roundMs: [] });
  deployments.worked(last.deployment);
  return {
    done: {
      report: itemReport(request, runs, { totalSeconds, restarts: progress.restarts }),
      states: toTensorMessages(last.states),
      trace: request.trace ? mergeTrace(tracedRun(runs), context.phases.done) : '',
    },
  };
}

/** The runs of all shapes as one. */
function tracedRun(runs: readonly GroupRun[]): TracedRun {
  const { deployment } = runs.at(-1) as GroupRun;
  const all = runs.flatMap(({ workers }) => workers);
  const ids = [...new Set(all.map(({ workerId }) => workerId))];
  const workers = ids.flatMap((id) => {
    const own = all.filter(({ workerId }) => workerId === id);
    const [first] = own;
    return first === undefined ? [] : [{ ...first, spans: own.flatMap(({ spans }) => spans) }];
  });
  return { deployment, workers, samplerSpans: [] };
}

/** What a run tells when it is done; of several shapes, times of all and the plan of the last. */
function itemReport(
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
