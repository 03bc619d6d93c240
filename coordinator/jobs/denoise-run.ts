import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  type Attempt,
  checkReplay,
  clockMs,
  denoiseCallerSamples,
  denoiseExecutorSamples,
  type DenoiseJob,
  denoiseSteadily,
  type Foresight,
  inputsDigest,
  jobSchedule,
  scheduleFrom,
  type RunIdentity,
  type Span,
  type StepResult,
  type WorkerExecution,
} from '../../execution/index.js';
import type { PlanRequest } from '../../planner/index.js';
import type { Round, ScheduleSettings } from '../../program/index.js';
import type { Deployment } from '../deployment/index.js';
import type { Deployments, DeploymentRequest, OnPreparing } from '../deployment/index.js';
import { DistributedExecutor, predictedPeriodMs, roundLimitMs } from '../deployment/index.js';
import { lossOf, Losses } from './losses.js';
import type { Phases } from './phases.js';
import { reportWindow } from './report-window.js';
import { runIdentity } from './run-identity.js';
import type { WorkerHandle } from '../workers/index.js';

export interface DenoiseRunOptions {
  readonly jobId: string;
  readonly job: DenoiseJob;
  readonly deployments: Deployments;
  /** Its parts, for the trace. */
  readonly phases: Phases;
  /** The workers that are there; asked for again after a loss. Throws `no_workers`. */
  readonly workers: () => Promise<readonly WorkerHandle[]>;
  readonly request: Omit<DeploymentRequest, 'workers'>;
  readonly trace: boolean;
  /** The run whose bits this one is to give again. */
  readonly replay?: RunIdentity | undefined;
  readonly signal: AbortSignal;
  /** The plan is made, or the workers get it. */
  readonly onPreparing?: OnPreparing | undefined;
  /** `periodMs`: predicted, of an asynchronous round. */
  readonly onDeployed: (
    deployment: Deployment,
    attempt: {
      readonly periodMs: number;
      readonly firstStep: number;
      readonly schedule: ScheduleSettings;
      readonly choice: PlanRequest['choice'];
      /** What the attempt before ended with; undefined for the first. */
      readonly loss: AsyncDiffError | undefined;
    },
  ) => void;
  /** An attempt ended with this; `isGivenUp`: and the job with it. */
  readonly onLoss?: ((error: AsyncDiffError, isGivenUp: boolean) => void) | undefined;
  /** So many steps are finished. `drifts`: by step, as far as they are known; undefined without look-ahead. */
  readonly onProgress: (
    steps: number,
    round: Round,
    prediction: { readonly heldAt: readonly number[]; readonly drifts: Foresight['drifts'] | undefined },
  ) => void;
  /** For the tensors of every step: the coordinator then takes every step itself. */
  readonly onStep?: ((step: StepResult) => void | Promise<void>) | undefined;
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
  readonly identity: RunIdentity;
  /** Times that it went on with another program after a loss. */
  readonly programChanges: number;
  /** Of the first attempt. */
  readonly schedule: ScheduleSettings;
  /** Steps in order that followed a loss. */
  readonly resumedAt: readonly number[];
  /** Steps in order because the latents had drifted. */
  readonly heldAt: readonly number[];
  /** By step; see LatentsPredictor. */
  readonly drifts: readonly (number | undefined)[];
}

/**
 * Denoises on the workers there are. The coordinator has the sampler's state of a second ago, or of the last round, so that is
 * what a lost worker costs: what is left is planned anew, and the job goes on from there with one synchronous round.
 */
export async function runAttempts(options: DenoiseRunOptions): Promise<DenoiseRun> {
  const { job, signal } = options;
  const { sampler } = job;
  let nextStep = 0;
  let from: Attempt['from'];
  let schedule: ScheduleSettings | undefined;
  let attempts = 0;
  const resumedAt: number[] = [];
  const heldAt: number[] = [];
  const losses = new Losses(options.onLoss);
  const inputsSha256 = inputsDigest(job);
  const identities: RunIdentity[] = [];
  const reached = (steps: number, there: Tensor, seen: Foresight | undefined): void => {
    nextStep = steps;
    from = { latents: there, foresight: seen };
  };
  for (let restarts = 0; ; restarts++) {
    let deployment: Deployment | undefined;
    try {
      const workers = await options.workers();
      const request = { ...options.request, workers, isHurried: restarts > 0 };
      const { onPreparing } = options;
      await options.phases.time('plan', () => options.deployments.plan(request, signal, onPreparing));
      const deployed = await options.phases.time('send', () =>
        options.deployments.deploy(request, signal, onPreparing),
      );
      const startMs = clockMs();
      deployment = deployed.deployment;
      const { planRequest } = deployed;
      const { plan } = deployment;
      const settings = { ...options.request.settings, ...plan.settings };
      const identity = runIdentity(deployment, inputsSha256);
      if (options.replay !== undefined) checkReplay(options.replay, identity);
      identities.push(identity);
      const { schedule: usual, lookAhead } = jobSchedule({ ...job, settings, plan });
      const periodMs = predictedPeriodMs(deployment, planRequest, usual.stride);
      schedule ??= usual;
      if (nextStep > 0) resumedAt.push(nextStep);
      const begin = scheduleFrom(usual, nextStep);
      const { choice } = planRequest;
      const told = { periodMs, firstStep: nextStep, schedule: begin, choice, loss: losses.last };
      options.onDeployed(deployment, told);
      const window = reportWindow(periodMs);
      const executorFor = (at: ScheduleSettings, holder: Deployment): DistributedExecutor =>
        new DistributedExecutor(holder, at, attempts++, {
          roundLimitMs: roundLimitMs(
            holder,
            holder.workers[0]?.limitsMs.round ?? 0,
            settings.stride,
            window.roundsPerReport,
          ),
          onLinkFailed: (from, to) => options.deployments.linkFailed(from, to),
          signal,
        });
      // Where component N runs on several workers, the coordinator's sampler serves them all.
      const samples = deployment.samplingWorkerId === undefined || options.onStep !== undefined;
      const holder = deployment;
      const first: Attempt = {
        jobId: options.jobId,
        job,
        settings: begin,
        from,
        lookAhead: lookAhead && { ...lookAhead, holds: lookAhead.holds - heldAt.length },
        trace: options.trace,
        signal,
      };
      const result = await denoiseSteadily(first, (attempt, number) => {
        const executor = executorFor(attempt.settings, holder);
        const { firstStep = 0 } = attempt.settings;
        if (number > 0) {
          heldAt.push(firstStep);
          nextStep = firstStep;
          from = attempt.from;
        }
        const prediction = () => ({
          heldAt,
          drifts: lookAhead === undefined ? undefined : (from?.foresight?.drifts ?? []),
        });
        if (samples)
          return denoiseCallerSamples({
            ...attempt,
            executor,
            onStep: (step) => {
              const steps = step.step + 1;
              reached(steps, step.nextLatents, step.foresight());
              options.onProgress(steps, step.round, prediction());
              if (options.wantsLatents?.(steps) === true) options.onLatents?.(steps, step.nextLatents);
              return options.onStep?.(step);
            },
          });
        return denoiseExecutorSamples({
          ...attempt,
          executor,
          ...window,
          wantsCheckpoint: (round) => wantsAny(options, round),
          onProgress: (round) => options.onProgress(round.firstStep + round.steps, round, prediction()),
          onCheckpoint: (state, round) => {
            reached(state.nextStep, state.latents, state.foresight);
            if (wantsAny(options, round)) options.onLatents?.(state.nextStep, state.latents);
          },
        });
      });
      options.phases.add('denoise', startMs);
      const { seconds, rounds, roundMs, samplerSpans, drifts, report } = result;
      return {
        latents: result.latents,
        deployment,
        planRequest,
        seconds,
        rounds,
        roundMs,
        samplerSpans,
        workers: report.workers,
        restarts,
        identity: identities[0] as RunIdentity,
        programChanges: identities.filter(
          ({ programId }, at) => at > 0 && programId !== identities[at - 1]?.programId,
        ).length,
        schedule,
        resumedAt,
        heldAt,
        drifts,
      };
    } catch (thrown) {
      const error = await lossOf(AsyncDiffError.from(thrown), deployment?.workers ?? [], options);
      // A job that was cancelled has ended in order on every worker: what they hold stays good for the next one.
      if (error.code === 'cancelled') throw error;
      options.deployments.drop(error);
      losses.take(error, nextStep);
      // Going on from here would take a step in order that the earlier run did not: all of it again.
      if (options.replay !== undefined) {
        nextStep = 0;
        from = undefined;
        sampler.resume(0, []);
      }
    }
  }
}

function wantsAny({ wantsLatents }: DenoiseRunOptions, { firstStep, steps }: Round): boolean {
  if (wantsLatents === undefined) return false;
  return Array.from({ length: steps }, (_, at) => firstStep + at + 1).some(wantsLatents);
}
