import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import {
  denoise,
  type DenoiseResult,
  type Span,
  type StepResult,
  type WorkerExecution,
} from '../engine/index.js';
import type { PlanRequest } from '../planner/index.js';
import type { Sampler } from '../samplers/index.js';
import type { Deployment } from './deployment.js';
import type { Deployments, DeploymentRequest } from './deployments.js';
import { DistributedExecutor } from './distributed-executor.js';
import { predictedPeriodMs } from './predicted-period.js';
import type { WorkerHandle } from './worker-handle.js';

/** Times that a job is begun anew when workers are lost, before it is given up. */
const MAX_RESTARTS = 3;

/**
 * Control messages are worth saving where rounds are shorter than this: each costs its two ends about a millisecond of
 * processor together. It is also the work that a lost worker may cost besides the rounds in flight.
 */
const WINDOW_MS = 60;
const MAX_WINDOW = 6;

export interface DenoiseRunOptions {
  readonly jobId: string;
  readonly deployments: Deployments;
  /** The workers that are there now; asked for again after a loss. */
  readonly workers: () => readonly WorkerHandle[];
  readonly request: Omit<DeploymentRequest, 'workers'>;
  readonly sampler: Sampler;
  readonly schedule: { readonly stride: number; readonly warmUp: number; readonly timeShift: boolean };
  /** By graph-input name. */
  readonly conditioning: Readonly<Record<string, Tensor>>;
  /** Latents of step 0, float32, [batch, channels, ...]. */
  readonly latents: Tensor;
  /** 0 for none. */
  readonly guidanceScale: number;
  readonly trace: boolean;
  readonly signal: AbortSignal;
  /** `periodMs`: predicted, of an asynchronous round. */
  readonly onDeployed: (deployment: Deployment, periodMs: number, restarts: number) => void;
  readonly onStep: (step: StepResult) => void;
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
 * Denoises on the workers there are. The coordinator holds the latents of every step, so a lost worker costs the rounds
 * in flight: what is left is planned anew, and the job goes on from the last finished step with one synchronous round.
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
      options.onDeployed(deployment, periodMs, restarts);
      const settings = {
        numInferenceSteps: sampler.numInferenceSteps,
        stride: schedule.stride,
        timeShift: schedule.timeShift,
        warmUp: restarts === 0 ? schedule.warmUp : 1,
        firstStep: nextStep,
      };
      const result: DenoiseResult = await denoise({
        executor: new DistributedExecutor(deployment, settings, restarts),
        sampler,
        settings,
        job: {
          jobId: options.jobId,
          conditioning: options.conditioning,
          timesteps: sampler.timesteps,
          batchRepeat: options.request.batchRepeat,
          guidanceScale: options.guidanceScale,
          trace: options.trace,
        },
        latents,
        signal,
        roundsPerWindow: roundsPerWindow(deployment, periodMs),
        onStep: (step) => {
          latents = step.nextLatents;
          nextStep = step.step + 1;
          options.onStep(step);
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

function roundsPerWindow(deployment: Deployment, periodMs: number): number {
  // Where the coordinator runs the sampler for everyone, every round waits for it.
  if (deployment.samplingWorkerId === undefined) return 1;
  return Math.max(1, Math.min(MAX_WINDOW, Math.floor(WINDOW_MS / periodMs)));
}
