import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  type Attempt,
  type AttemptResult,
  checkReplay,
  clockMs,
  denoiseCallerSamples,
  denoiseExecutorSamples,
  denoiseSteadily,
  type Foresight,
  inputsDigest,
  jobSchedule,
  type RunIdentity,
  scheduleFrom,
  type SteadyResult,
  type StepResult,
} from '../../execution/index.js';
import type { PlanRequest } from '../../planner/index.js';
import type { Round, ScheduleSettings } from '../../program/index.js';
import {
  type Deployment,
  DistributedExecutor,
  predictedPeriodMs,
  roundLimitMs,
} from '../deployment/index.js';
import type { WorkerHandle } from '../workers/index.js';
import type { DenoiseRun, DenoiseRunOptions } from './denoise-run.js';
import { Losses, lossOf } from './losses.js';
import { reportWindow } from './report-window.js';
import { runIdentity } from './run-identity.js';

/** A plan on its workers. */
interface Deployed {
  readonly deployment: Deployment;
  readonly planRequest: PlanRequest;
}

/** An attempt that can begin. */
interface Begun {
  readonly deployment: Deployment;
  readonly attempt: Attempt;
  readonly window: ReturnType<typeof reportWindow>;
  /** How long no report of a round may come. */
  readonly limitMs: number;
}

/**
 * Denoises on the workers there are. The coordinator has the sampler's state of a second ago, or of the last round, so that is
 * what a lost worker costs: what is left is planned anew, and the job goes on from there with one synchronous round.
 */
export function runAttempts(options: DenoiseRunOptions): Promise<DenoiseRun> {
  return new DenoiseAttempts(options).run();
}

/** The attempts of one job, and where it stands between them. */
class DenoiseAttempts {
  readonly #options: DenoiseRunOptions;
  readonly #losses: Losses;
  readonly #inputsSha256: string;
  readonly #identities: RunIdentity[] = [];
  readonly #resumedAt: number[] = [];
  readonly #heldAt: number[] = [];
  /** Steps that are finished. */
  #nextStep = 0;
  /** What is known after them; undefined at the beginning. */
  #from: Attempt['from'];
  /** Of the first attempt. */
  #schedule: ScheduleSettings | undefined;
  /** Attempts that workers have begun: one for each loss and each hold, beside the first. */
  #begun = 0;

  constructor(options: DenoiseRunOptions) {
    this.#options = options;
    this.#losses = new Losses(options.onLoss);
    this.#inputsSha256 = inputsDigest(options.job);
  }

  async run(): Promise<DenoiseRun> {
    for (let restarts = 0; ; restarts++) {
      let deployment: Deployment | undefined;
      try {
        const deployed = await this.#deploy(restarts > 0);
        const startMs = clockMs();
        ({ deployment } = deployed);
        const result = await this.#denoise(this.#begin(deployed));
        this.#options.phases.add('denoise', startMs);
        return this.#done(deployed, result, restarts);
      } catch (thrown) {
        await this.#lost(thrown, deployment?.workers ?? []);
      }
    }
  }

  async #deploy(isHurried: boolean): Promise<Deployed> {
    const { deployments, phases, signal, onPreparing } = this.#options;
    const workers = await this.#options.workers();
    const request = { ...this.#options.request, workers, isHurried };
    await phases.time('plan', () => deployments.plan(request, signal, onPreparing));
    return phases.time('send', () => deployments.deploy(request, signal, onPreparing));
  }

  /** Tells of the plan, and lays out the rounds that are left. */
  #begin({ deployment, planRequest }: Deployed): Begun {
    const { jobId, job, replay, trace, signal, onDeployed } = this.#options;
    const { plan, workers } = deployment;
    const settings = { ...this.#options.request.settings, ...plan.settings };
    const identity = runIdentity(deployment, this.#inputsSha256);
    if (replay !== undefined) checkReplay(replay, identity);
    this.#identities.push(identity);
    const { schedule: whole, lookAhead } = jobSchedule({ ...job, settings, plan });
    const periodMs = predictedPeriodMs(deployment, planRequest, whole.stride);
    const firstStep = this.#nextStep;
    const schedule = scheduleFrom(whole, firstStep);
    this.#schedule ??= whole;
    if (firstStep > 0) this.#resumedAt.push(firstStep);
    const { choice } = planRequest;
    onDeployed(deployment, { periodMs, firstStep, schedule, choice, loss: this.#losses.last });
    const window = reportWindow(periodMs);
    const limitMs = workers[0]?.limitsMs.round ?? 0;
    return {
      deployment,
      attempt: {
        jobId,
        job,
        settings: schedule,
        from: this.#from,
        lookAhead: lookAhead && { ...lookAhead, holds: lookAhead.holds - this.#heldAt.length },
        trace,
        signal,
      },
      window,
      limitMs: roundLimitMs(deployment, limitMs, settings.stride, window.roundsPerReport),
    };
  }

  #denoise({ deployment, attempt: first, window, limitMs }: Begun): Promise<SteadyResult> {
    // Where component N runs on several workers, the coordinator's sampler serves them all.
    const samples = deployment.samplingWorkerId === undefined || this.#options.onStep !== undefined;
    return denoiseSteadily(first, (attempt, number) => {
      if (number > 0) this.#held(attempt);
      const { deployments, signal } = this.#options;
      const executor = new DistributedExecutor(deployment, attempt.settings, this.#begun++, {
        roundLimitMs: limitMs,
        onLinkFailed: (from, to) => deployments.linkFailed(from, to),
        signal,
      });
      return samples
        ? this.#callerSamples(attempt, executor)
        : this.#executorSamples(attempt, executor, window);
    });
  }

  #callerSamples(attempt: Attempt, executor: DistributedExecutor): Promise<AttemptResult> {
    const { wantsLatents, onLatents, onStep } = this.#options;
    return denoiseCallerSamples({
      ...attempt,
      executor,
      onStep: (step: StepResult) => {
        const steps = step.step + 1;
        this.#reached(steps, step.nextLatents, step.foresight());
        this.#progress(attempt, steps, step.round);
        if (wantsLatents?.(steps) === true) onLatents?.(steps, step.nextLatents);
        return onStep?.(step);
      },
    });
  }

  #executorSamples(
    attempt: Attempt,
    executor: DistributedExecutor,
    window: Begun['window'],
  ): Promise<AttemptResult> {
    return denoiseExecutorSamples({
      ...attempt,
      executor,
      ...window,
      wantsCheckpoint: (round) => this.#wantsAny(round),
      onProgress: (round) => this.#progress(attempt, round.firstStep + round.steps, round),
      onCheckpoint: (state, round) => {
        this.#reached(state.nextStep, state.latents, state.foresight);
        if (this.#wantsAny(round)) this.#options.onLatents?.(state.nextStep, state.latents);
      },
    });
  }

  #reached(steps: number, latents: Tensor, foresight: Foresight | undefined): void {
    this.#nextStep = steps;
    this.#from = { latents, foresight };
  }

  /** The job goes on with a step in order, because the latents had drifted. */
  #held({ settings, from }: Attempt): void {
    const { firstStep = 0 } = settings;
    this.#heldAt.push(firstStep);
    this.#nextStep = firstStep;
    this.#from = from;
  }

  #progress({ lookAhead }: Attempt, steps: number, round: Round): void {
    const drifts = lookAhead === undefined ? undefined : (this.#from?.foresight?.drifts ?? []);
    this.#options.onProgress(steps, round, { heldAt: this.#heldAt, drifts });
  }

  #wantsAny({ firstStep, steps }: Round): boolean {
    const { wantsLatents } = this.#options;
    if (wantsLatents === undefined) return false;
    return Array.from({ length: steps }, (_, at) => firstStep + at + 1).some(wantsLatents);
  }

  /** An attempt ended with an error: throws it where the job ends with it. */
  async #lost(thrown: unknown, workers: readonly WorkerHandle[]): Promise<void> {
    const { job, deployments, replay } = this.#options;
    const error = await lossOf(AsyncDiffError.from(thrown), workers, this.#options);
    // A job that was cancelled has ended in order on every worker: what they hold stays good for the next one.
    if (error.code === 'cancelled') throw error;
    deployments.drop(error);
    this.#losses.take(error, this.#nextStep);
    if (replay === undefined) return;
    // Going on from here would take a step in order that the earlier run did not: all of it again.
    this.#nextStep = 0;
    this.#from = undefined;
    job.sampler.resume(0, []);
  }

  #done({ deployment, planRequest }: Deployed, result: SteadyResult, restarts: number): DenoiseRun {
    const { latents, seconds, rounds, roundMs, samplerSpans, drifts, report } = result;
    const identities = this.#identities;
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
      identity: identities[0] as RunIdentity,
      programChanges: identities.filter(
        ({ programId }, at) => at > 0 && programId !== identities[at - 1]?.programId,
      ).length,
      schedule: this.#schedule as ScheduleSettings,
      resumedAt: this.#resumedAt,
      heldAt: this.#heldAt,
      drifts,
    };
  }
}
