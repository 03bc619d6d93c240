import { batchRepeatOf } from '../../common/guidance/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { formatDims, type Tensor } from '../../common/tensor/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import type { DenoiseJob } from '../../execution/index.js';
import { batchParts, choiceSubject, choiceText, type PlanRequest } from '../../planner/index.js';
import { componentCount, listRounds } from '../../program/index.js';
import { samplerTraits } from '../../samplers/index.js';
import type { RunReport } from '../../rpc/gen/asyncdiff/v1/RunReport.js';
import { type DenoiseRunOptions, runAttempts } from './denoise-run.js';
import type { Preparing as PreparingMessage } from '../../rpc/gen/asyncdiff/v1/Preparing.js';
import type { Deployment, Deployments, Preparing } from '../deployment/index.js';
import type { RunningJob } from './jobs.js';
import type { JobMetrics } from './job-metrics.js';
import { oneWorkerStepMs, ProgressFigures } from './progress-figures.js';
import { runReport } from './run-report.js';
import { mergeTrace } from './trace.js';
import { speedWarning } from './speed-check.js';
import { awaitWorkers, chooseWorkers, type WorkerHandle, type WorkerRegistry } from '../workers/index.js';
import { toTensorMessage } from '../../rpc/index.js';

/** Progress is for eyes; a message for each step of a small model would cost as much as its round. */
const PROGRESS_INTERVAL_MS = 100;

/** A job that runs, and what it runs with. */
export interface JobContext extends RunningJob {
  readonly registry: WorkerRegistry;
  readonly deployments: Deployments;
  readonly metrics: JobMetrics;
}

/** A denoising, on which model and by which plan, and what its client wants to be told. */
export interface JobRequest {
  readonly job: DenoiseJob;
  readonly source: PlanRequest['source'];
  readonly settings: PlanSettings;
  /** Tell of the tensors of every step. */
  readonly sendSteps: boolean;
  readonly trace: boolean;
  /** Run the program on the simulator as well. */
  readonly simulate: boolean;
  /** The run whose bits this one is to give again. */
  readonly replay?: DenoiseRunOptions['replay'];
  readonly wantsLatents?: DenoiseRunOptions['wantsLatents'];
  readonly onLatents?: DenoiseRunOptions['onLatents'];
}

export interface DenoiseOutcome {
  readonly latents: Tensor;
  readonly report: RunReport;
  /** Chrome trace JSON, with the parts of the job until now; empty unless asked for. */
  readonly trace: () => string;
}

/** The workers that a job may run on, waited for where one may be about to join; its client is told. Throws `no_workers`, `cancelled`. */
export function workersThere(context: JobContext, settings: PlanSettings): Promise<readonly WorkerHandle[]> {
  const onWait = (): void => context.emit({ preparing: preparingMessage({ stage: 'join', fraction: 0 }) });
  return awaitWorkers(context.registry, settings, { signal: context.signal, onWait });
}

/** Runs one denoising job on the workers and reports to the client as it goes. */
export async function runJob(request: JobRequest, context: JobContext): Promise<DenoiseOutcome> {
  const { job, settings } = request;
  const { sampler } = job;
  const { registry } = context;
  const emit: RunningJob['emit'] = (event) => context.emit(event);
  const startMs = performance.now();
  const batchRepeat = batchRepeatOf(job.guidance);
  batchParts(settings, batchRepeat);
  const workers = async (): Promise<readonly WorkerHandle[]> => {
    const there = await workersThere(context, settings);
    // Those that rest are taken where no other one may be.
    const rested = chooseWorkers(registry.usable, settings);
    return rested.length > 0 ? rested : there;
  };
  let cpu = process.cpuUsage();
  let toldMs = 0;
  const figures = new ProgressFigures();
  const options: DenoiseRunOptions = {
    jobId: context.jobId,
    job,
    deployments: context.deployments,
    phases: context.phases,
    workers,
    request: {
      source: request.source,
      settings,
      batchRepeat,
      subject: choiceSubject(samplerTraits(sampler), job.guidance, settings),
    },
    trace: request.trace,
    replay: request.replay,
    signal: context.signal,
    onPreparing: (preparing) => emit({ preparing: preparingMessage(preparing) }),
    onDeployed: (deployment, { periodMs, loss, firstStep, schedule, choice }) => {
      const count = deployment.workers.length;
      if (loss !== undefined) emit({ warning: { message: lossWarning(loss, deployment, firstStep) } });
      context.planned({
        plan: deployment.planId,
        deployment: deployment.deploymentId,
        components: componentCount(deployment.partition),
        workers: deployment.workers.map(({ name }) => name),
        period_ms: periodMs,
        from_step: firstStep,
      });
      const uneven = speedWarning(deployment);
      if (uneven !== undefined) emit({ warning: { message: uneven } });
      emit({
        planned: {
          components: componentCount(deployment.partition),
          stride: schedule.stride,
          warmUp: schedule.warmUp,
          workers: count,
          rounds: listRounds(schedule).length,
          predictedPeriodMs: periodMs,
          choice: choice === undefined ? '' : choiceText(choice),
        },
      });
      cpu = process.cpuUsage();
      figures.begin({ schedule, stepMs: oneWorkerStepMs(deployment), periodMs }, performance.now());
    },
    onLoss: (error, isGivenUp) => context.lost(error, isGivenUp),
    onProgress: (step, { round }, { heldAt, drifts }) => {
      const nowMs = performance.now();
      if (nowMs - toldMs < PROGRESS_INTERVAL_MS && step < sampler.numCalls) return;
      toldMs = nowMs;
      const { driftSum, ...said } = figures.at(step, nowMs, heldAt, drifts);
      const drift = driftSum === undefined ? {} : { driftSum };
      emit({ progress: { step, steps: sampler.numCalls, round, ...said, ...drift } });
    },
    onStep: request.sendSteps
      ? ({ step, timestep, latents: before, eps }) => {
          const tensors = { latents: toTensorMessage(before), eps: toTensorMessage(eps) };
          emit({ stepTensors: { step, timestep, ...tensors } });
          // Tensors wait, and the job with them: a client that asks for all of them gets them all.
          return context.room();
        }
      : undefined,
    wantsLatents: request.wantsLatents,
    onLatents: request.onLatents,
  };
  const run = await runAttempts(options);
  for (const worker of run.deployment.workers) registry.worked(worker);
  context.deployments.worked(run.deployment);
  const used = process.cpuUsage(cpu);
  const report = runReport(run, options, {
    totalSeconds: (performance.now() - startMs) / 1000,
    cpuMs: (used.user + used.system) / 1000,
    simulate: request.simulate,
  });
  // What was chosen was told when it was.
  const { choice } = run.planRequest;
  const told = choice === undefined ? undefined : choiceText(choice);
  for (const message of report.notes ?? []) if (message !== told) emit({ warning: { message } });
  context.metrics.jobDone(run);
  return {
    latents: run.latents,
    report,
    trace: () => (request.trace ? mergeTrace(run, context.phases.done) : ''),
  };
}

function lossWarning(loss: AsyncDiffError, { workers, links }: Deployment, firstStep: number): string {
  const isLink = loss.code === 'peer_unreachable' || links.relayedPairs > 0;
  const how = isLink
    ? 'going on through the coordinator'
    : `a worker was lost; going on with ${workers.length}`;
  return `${how} from step ${firstStep}: ${loss.rawMessage}`;
}

/** Holds a user's own inputs against guidance. Throws `invalid_input` for one that has not both halves. */
export function checkGuidedBatch({
  latents,
  conditioning,
  guidance,
}: Pick<DenoiseJob, 'latents' | 'conditioning' | 'guidance'>): void {
  if (guidance === undefined) return;
  const batch = (latents.dims[0] ?? 1) * batchRepeatOf(guidance);
  for (const [name, tensor] of Object.entries(conditioning)) {
    const first = tensor.dims[0] ?? 0;
    if (tensor.dims.length > 0 && first !== batch) {
      throw new AsyncDiffError(
        'invalid_input',
        `input "${name}" is ${formatDims(tensor.dims)}: with guidance its batch is [unconditional; conditional], so ${batch} for latents ${formatDims(latents.dims)}`,
      );
    }
  }
}

/** How far preparing is, for the client. */
export function preparingMessage({ stage, fraction, bytes }: Preparing): PreparingMessage {
  if (bytes === undefined) return { stage, fraction };
  const { secondsLeft, ...counted } = bytes;
  return { stage, fraction, ...counted, ...(secondsLeft !== undefined && { secondsLeft }) };
}
