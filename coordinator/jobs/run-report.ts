import type { Chosen, PlanSettings } from '../../common/settings/index.js';
import { median } from '../../common/statistics/index.js';
import {
  driftReport,
  lookAheadNotes,
  tensorDigest,
  toleranceOf,
  type WorkerExecution,
} from '../../execution/index.js';
import { componentInHalf, isLastComponent, workerOfRun } from '../../program/index.js';
import { choiceText } from '../../planner/index.js';
import { roundShare, simulate } from '../../planner/simulator/index.js';
import { toPlanSettingsMessage } from '../../rpc/index.js';
import type { RunReport } from '../../rpc/gen/asyncdiff/v1/RunReport.js';
import type { WorkerReport } from '../../rpc/gen/asyncdiff/v1/WorkerReport.js';
import type { DenoiseRun, DenoiseRunOptions } from './denoise-run.js';
import {
  type Deployment,
  measuredCluster,
  predictedPeriodMs,
  type SegmentTimes,
  type WorkerLoad,
  workerLoads,
} from '../deployment/index.js';

/** What a finished run tells: settings, times, bytes, and the share of each worker. */
export function runReport(
  run: DenoiseRun,
  options: DenoiseRunOptions,
  totals: { totalSeconds: number; cpuMs: number; simulate: boolean },
): RunReport {
  const { deployment, planRequest } = run;
  const { plan } = deployment;
  const { partition } = plan;
  const segmentMs = timesOf(run);
  return {
    seconds: run.seconds,
    totalSeconds: totals.totalSeconds,
    steps: options.job.sampler.numCalls,
    rounds: run.rounds,
    bytesBetweenWorkers: run.workers.reduce((sum, worker) => sum + sumOf(Object.values(worker.sentBytes)), 0),
    periodMs: median(run.roundMs),
    predictedPeriodMs: predictedPeriodMs(deployment, planRequest, run.schedule.stride, segmentMs),
    maxShare: maxShare(deployment, run.schedule.stride),
    broadcastBytesPerRound: partition.broadcastBytes,
    declared: plan.declared,
    timeDilation: plan.timeDilation,
    settings: toPlanSettingsMessage(settingsUsed(run, options)),
    coordinatorCpuMs: totals.cpuMs / Math.max(1, run.rounds),
    cuts: [...partition.cuts],
    planId: plan.planId,
    restarts: run.restarts,
    ...predictionReport(run, options),
    ...run.identity,
    runtimes: [...run.identity.runtimes],
    latentsSha256: tensorDigest(run.latents),
    programChanges: run.programChanges,
    recutTurns: plan.timed?.known.turn ?? 0,
    simulatedSeconds: totals.simulate ? simulatedSeconds(run, segmentMs) : 0,
    workers: workerReports(deployment, run.workers, workerLoads(deployment, planRequest)),
  };
}

/** What each worker did in a run. */
export function workerReports(
  deployment: Deployment,
  workers: readonly WorkerExecution[],
  loads: readonly WorkerLoad[] = [],
): (WorkerReport & { readonly sentBytes: number })[] {
  const { placement, partition } = deployment.plan;
  const plannedMs = sumOf(loads.map((load) => load.plannedMs));
  const measuredMs = sumOf(loads.map((load) => load.measuredMs));
  return workers.map((worker) => {
    const handle = deployment.worker(worker.workerId);
    const load = loads.find(({ workerId }) => workerId === worker.workerId);
    return {
      workerId: worker.workerId,
      name: handle?.name ?? worker.workerId,
      device: handle?.facts.device ?? '',
      components: [
        ...new Set(
          placement.flatMap((ids, index) =>
            ids.includes(worker.workerId) ? [componentInHalf(partition, index + 1)] : [],
          ),
        ),
      ],
      computeMs: worker.computeMs,
      waitMs: worker.waitMs,
      sentBytes: sumOf(Object.values(worker.sentBytes)),
      plannedShare: shareOf(load?.plannedMs ?? 0, plannedMs),
      measuredShare: shareOf(load?.measuredMs ?? 0, measuredMs),
    };
  });
}

/** What became of the predicted latents. */
function predictionReport(
  { schedule, heldAt, resumedAt, drifts, planRequest }: DenoiseRun,
  { job, request }: DenoiseRunOptions,
): Pick<RunReport, 'drifts' | 'driftSum' | 'inOrderSteps' | 'heldSteps' | 'notes'> {
  // The choice of this job: its plan may have been made for an earlier one.
  const { choice } = planRequest;
  const { inOrder, driftSum } = driftReport(schedule, [...heldAt, ...resumedAt], drifts);
  return {
    drifts: Array.from(drifts, (drift) => drift ?? NO_DRIFT),
    driftSum,
    inOrderSteps: [...inOrder],
    heldSteps: [...heldAt],
    notes: [
      ...(choice === undefined ? [] : [choiceText(choice)]),
      ...fewerWays(request.settings.stepParallel, schedule.stride),
      ...lookAheadNotes({ schedule, sampler: job.sampler }, heldAt, inOrder),
    ],
  };
}

/** Step-parallel on fewer workers than were asked for. */
function fewerWays(asked: PlanSettings['stepParallel'], ways: number): string[] {
  if (asked === 'auto' || asked <= 1 || asked <= ways) return [];
  return [`${ways} steps at a time, not ${asked}: each takes a worker that holds the whole predictor`];
}

/** Stands for a step whose latents were not predicted. */
const NO_DRIFT = -1;

/** The settings of a run with what was chosen in place of `auto`. */
function settingsUsed(
  { deployment, schedule }: DenoiseRun,
  { request, job }: DenoiseRunOptions,
): Chosen<PlanSettings> {
  const { maxWorkers } = request.settings;
  const { stepParallel } = deployment.plan.settings;
  return {
    ...request.settings,
    ...deployment.plan.settings,
    ...(stepParallel === 1 ? {} : { stepParallel: schedule.stride, stride: schedule.stride }),
    warmUp: schedule.warmUp,
    end: schedule.end ?? 0,
    tolerance: toleranceOf({
      schedule,
      settings: request.settings,
      sampler: job.sampler,
      guidance: job.guidance,
      partition: deployment.plan.partition,
    }),
    maxWorkers: maxWorkers === 'auto' ? deployment.workers.length : maxWorkers,
  };
}

/**
 * Time of one run of each segment: what it took in this run's asynchronous rounds where it computed, so that a prediction
 * held against the run differs by what the network costs, not by what else the machine did when the plan was deployed.
 */
function timesOf({ deployment, workers }: DenoiseRun): SegmentTimes {
  const times = new Map(deployment.segmentMs);
  if (deployment.plan.declared) return times;
  for (const { workerId, segmentMs } of workers) {
    for (const [segment, ms] of Object.entries(segmentMs)) times.set(`${workerId}/${segment}`, ms);
  }
  return times;
}

function simulatedSeconds(
  { deployment, planRequest, schedule, heldAt, resumedAt }: DenoiseRun,
  segmentMs: SegmentTimes,
): number {
  const cluster = measuredCluster(deployment, planRequest, segmentMs);
  const asItRan = { ...schedule, inOrder: [...(schedule.inOrder ?? []), ...heldAt, ...resumedAt] };
  return simulate(deployment.partition, cluster, asItRan).totalMs / 1000;
}

/**
 * The busiest worker's part of the whole predictor's compute in an asynchronous round, per step: what bounds the
 * speed-up at T / (w + (T - w) * max share). On workers of one kind it is the plan's, measured once on one quiet thread:
 * times that workers take while they are deployed side by side can be off by half, and would move the bound with them.
 */
function maxShare(deployment: Deployment, stride: number): number {
  const { plan, segmentMs, workers } = deployment;
  const { placement, partition, specs } = plan;
  const kinds = new Set(workers.map(({ facts }) => `${facts.device} ${facts.threads}`));
  if (kinds.size === 1 && (plan.timed?.known.times ?? []).length === 0)
    return roundShare(partition, { placement, workers }, stride) / stride;
  const loads = new Map<string, number>();
  let wholeMs = 0;
  for (const spec of specs) {
    const msOn = (id: string): number => segmentMs.get(`${id}/${spec.id}`) ?? 0;
    wholeMs += msOn(workerOfRun(placement, spec.component, 0));
    const runs = isLastComponent(partition, spec.component) ? stride : 1;
    for (let run = 0; run < runs; run++) {
      const id = workerOfRun(placement, spec.component, run);
      loads.set(id, (loads.get(id) ?? 0) + msOn(id));
    }
  }
  return wholeMs === 0 ? 1 : Math.max(...loads.values()) / stride / wholeMs;
}

function shareOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
