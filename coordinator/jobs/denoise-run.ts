import type { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import type {
  DenoiseJob,
  Foresight,
  RunIdentity,
  Span,
  StepResult,
  WorkerExecution,
} from '../../execution/index.js';
import type { PlanRequest } from '../../planner/index.js';
import type { Round, ScheduleSettings } from '../../program/index.js';
import type { Deployment, DeploymentRequest, Deployments, OnPreparing } from '../deployment/index.js';
import type { WorkerHandle } from '../workers/index.js';
import type { Phases } from './phases.js';

/** A denoising on workers, and who hears of it. */
export interface DenoiseRunOptions {
  readonly jobId: string;
  readonly job: DenoiseJob;
  readonly deployments: Deployments;
  /** Records its phases, for the trace. */
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
  /** An attempt ended with this error; `isGivenUp`: the job does too. */
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

/** What a denoising on workers came to. */
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
