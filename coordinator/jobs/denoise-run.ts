import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  denoise,
  type DenoiseResult,
  follow,
  type FollowOptions,
  type Span,
  type StepResult,
  type WorkerExecution,
} from '../../execution/index.js';
import type { PlanRequest } from '../../planner/index.js';
import type { Sampler } from '../../samplers/index.js';
import type { Round, ScheduleSettings } from '../../program/index.js';
import type { Deployment } from '../deployment/index.js';
import type { Deployments, DeploymentRequest } from '../deployment/index.js';
import { DistributedExecutor } from '../deployment/index.js';
import { predictedPeriodMs } from './predicted-period.js';
import type { WorkerHandle } from '../workers/index.js';

/** Times that a job is begun anew when workers are lost, before it is given up. */
const MAX_RESTARTS = 3;

/** From one report to the next: each costs its two ends about a millisecond of processor together. */
const REPORT_MS = 300;
const MAX_ROUNDS_PER_REPORT = 16;
/** From one checkpoint to the next: what a lost worker may cost besides the rounds in flight, little beside planning anew. */
const WINDOW_MS = 1000;
const MAX_REPORTS_PER_WINDOW = 4;

export interface DenoiseRunOptions {
  readonly jobId: string;
  readonly deployments: Deployments;
  /** The workers that are there now; asked for again after a loss. */
  readonly workers: () => readonly WorkerHandle[];
  readonly request: Omit<DeploymentRequest, 'workers'>;
  readonly sampler: Sampler;
  /** As the predictor is fed them, by step. */
  readonly timesteps: readonly number[];
  readonly schedule: ScheduleSettings;
  /** By graph-input name. */
  readonly conditioning: Readonly<Record<string, Tensor>>;
  /** Latents of step 0, float32, [batch, channels, ...]. */
  readonly latents: Tensor;
  /** 0 for none. */
  readonly guidanceScale: number;
  readonly trace: boolean;
  readonly signal: AbortSignal;
  /** `periodMs`: predicted, of an asynchronous round. */
  readonly onDeployed: (
    deployment: Deployment,
    attempt: { readonly periodMs: number; readonly restarts: number; readonly firstStep: number },
  ) => void;
  /** So many steps are finished. */
  readonly onProgress: (steps: number, round: Round) => void;
  /** For the tensors of every step: the coordinator then takes every step itself. */
  readonly onStep?: ((step: StepResult) => void) | undefined;
  /** Whether the latents are wanted when so many steps are finished; with a larger stride, `onLatents` may come at the end of the round. */
  readonly wantsLatents?: ((steps: number) => boolean) | undefined;
  readonly onLatents?: ((steps: number, latents: Tensor) => void) | undefined;
}

export interface DenoiseRun {
  readonly latents: Tensor;
  readonly deployment: Deployment;
  readonly planRequest: PlanRequest;
  readonly seconds: number;
  readonly rounds: number;
  readonly roundMs: readonly number[];
  readonly workers: readonly WorkerExecution[];
  readonly samplerSpans: readonly Span[];
  readonly restarts: number;
}

/**
 * Denoises on the workers there are. The coordinator has the sampler's state of a second ago, or of the last round, so that is
 * what a lost worker costs: what is left is planned anew, and the job goes on from there with one synchronous round.
 */
export async function runDenoise(options: DenoiseRunOptions): Promise<DenoiseRun> {
  const { sampler, schedule, signal } = options;
  let latents = options.latents;
  let nextStep = 0;
  let seconds = 0;
  let rounds = 0;
  for (let restarts = 0; ; restarts++) {
    const workers = options.workers();
    if (workers.length === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
    try {
      const { deployment, planRequest } = await options.deployments.deploy(
        { ...options.request, workers },
        signal,
      );
      const periodMs = predictedPeriodMs(deployment, planRequest, schedule.stride);
      options.onDeployed(deployment, { periodMs, restarts, firstStep: nextStep });
      const settings = {
        ...schedule,
        warmUp: restarts === 0 ? schedule.warmUp : 1,
        firstStep: nextStep,
      };
      const common = {
        executor: new DistributedExecutor(deployment, settings, restarts),
        sampler,
        settings,
        job: {
          jobId: options.jobId,
          conditioning: options.conditioning,
          timesteps: options.timesteps,
          batchRepeat: options.request.batchRepeat,
          guidanceScale: options.guidanceScale,
          trace: options.trace,
        },
        latents,
        signal,
      };
      const reached = (steps: number, there: Tensor): void => {
        latents = there;
        nextStep = steps;
      };
      // Where component N runs on several workers, the coordinator's sampler serves them all.
      const samples = deployment.samplingWorkerId === undefined || options.onStep !== undefined;
      const result: DenoiseResult = samples
        ? await denoise({
            ...common,
            onStep: (step) => {
              const steps = step.step + 1;
              reached(steps, step.nextLatents);
              options.onProgress(steps, step.round);
              options.onStep?.(step);
              if (options.wantsLatents?.(steps) === true) options.onLatents?.(steps, latents);
            },
          })
        : await follow({
            ...common,
            ...windowOf(periodMs),
            wantsCheckpoint: (round) => wantsAny(options, round),
            onProgress: (round) => options.onProgress(round.firstStep + round.steps, round),
            onCheckpoint: (state, round) => {
              reached(state.nextStep, state.latents);
              if (wantsAny(options, round)) options.onLatents?.(nextStep, latents);
            },
          });
      seconds += result.seconds;
      rounds += result.rounds;
      const { roundMs, samplerSpans, report } = result;
      return {
        latents,
        deployment,
        planRequest,
        seconds,
        rounds,
        roundMs,
        samplerSpans,
        workers: report.workers,
        restarts,
      };
    } catch (thrown) {
      const error = AsyncDiffError.from(thrown);
      // A job that was cancelled has ended in order on every worker: what they hold stays good for the next one.
      if (error.code !== 'cancelled') options.deployments.drop(error);
      if (error.code !== 'worker_lost' || restarts >= MAX_RESTARTS || options.workers().length === 0)
        throw error;
    }
  }
}

function windowOf(periodMs: number): Pick<FollowOptions, 'roundsPerReport' | 'reportsPerWindow'> {
  const upTo = (most: number, count: number): number => Math.max(1, Math.min(most, Math.floor(count)));
  const roundsPerReport = upTo(MAX_ROUNDS_PER_REPORT, REPORT_MS / periodMs);
  const reportsPerWindow = upTo(MAX_REPORTS_PER_WINDOW, WINDOW_MS / (roundsPerReport * periodMs));
  return { roundsPerReport, reportsPerWindow };
}

function wantsAny({ wantsLatents }: DenoiseRunOptions, { firstStep, steps }: Round): boolean {
  if (wantsLatents === undefined) return false;
  return Array.from({ length: steps }, (_, at) => firstStep + at + 1).some(wantsLatents);
}
