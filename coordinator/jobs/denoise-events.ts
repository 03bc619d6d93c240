import type { AsyncDiffError } from '../../common/errors/index.js';
import type { StepResult } from '../../execution/index.js';
import { choiceText } from '../../planner/index.js';
import { componentCount, listRounds, type Round } from '../../program/index.js';
import { toTensorMessage } from '../../rpc/index.js';
import type { Deployment } from '../deployment/index.js';
import type { DenoiseRunOptions } from './denoise-run.js';
import { oneWorkerStepMs, ProgressFigures } from './progress-figures.js';
import type { JobContext } from './job-context.js';
import { speedWarning } from './speed-check.js';

/** Progress is for eyes; a message for each step of a small model would cost as much as its round. */
const PROGRESS_INTERVAL_MS = 100;

type AttemptFacts = Parameters<DenoiseRunOptions['onDeployed']>[1];
type Prediction = Parameters<DenoiseRunOptions['onProgress']>[2];

/** What the client of a denoising hears while it runs. */
export class DenoiseEvents {
  readonly #context: JobContext;
  readonly #steps: number;
  readonly #figures = new ProgressFigures();
  #toldMs = 0;
  /** When the attempt in progress began. */
  #cpu = process.cpuUsage();

  constructor(context: JobContext, steps: number) {
    this.#context = context;
    this.#steps = steps;
  }

  deployed(deployment: Deployment, { periodMs, loss, firstStep, schedule, choice }: AttemptFacts): void {
    const warn = (message: string): void => this.#context.emit({ warning: { message } });
    const { planId, deploymentId, partition, workers } = deployment;
    if (loss !== undefined) warn(lossWarning(loss, deployment, firstStep));
    const components = componentCount(partition);
    this.#context.planned({
      plan: planId,
      deployment: deploymentId,
      components,
      workers: workers.map(({ name }) => name),
      period_ms: periodMs,
      from_step: firstStep,
    });
    const uneven = speedWarning(deployment);
    if (uneven !== undefined) warn(uneven);
    this.#context.emit({
      planned: {
        components,
        stride: schedule.stride,
        warmUp: schedule.warmUp,
        workers: workers.length,
        rounds: listRounds(schedule).length,
        predictedPeriodMs: periodMs,
        choice: choice === undefined ? '' : choiceText(choice),
      },
    });
    this.#cpu = process.cpuUsage();
    this.#figures.begin({ schedule, stepMs: oneWorkerStepMs(deployment), periodMs }, performance.now());
  }

  /** @param step steps that are finished */
  progress(step: number, { round }: Round, { heldAt, drifts }: Prediction): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < PROGRESS_INTERVAL_MS && step < this.#steps) return;
    this.#toldMs = nowMs;
    const { driftSum, ...said } = this.#figures.at(step, nowMs, heldAt, drifts);
    const drift = driftSum === undefined ? {} : { driftSum };
    this.#context.emit({ progress: { step, steps: this.#steps, round, ...said, ...drift } });
  }

  /** The tensors of a step. The job waits for the returned promise: a client that asks for all of them gets them all. */
  step({ step, timestep, latents, eps }: StepResult): Promise<void> | undefined {
    const tensors = { latents: toTensorMessage(latents), eps: toTensorMessage(eps) };
    this.#context.emit({ stepTensors: { step, timestep, ...tensors } });
    return this.#context.room();
  }

  /** Processor time of this process since the last attempt began, milliseconds. */
  cpuMs(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / 1000;
  }
}

function lossWarning(loss: AsyncDiffError, { workers, links }: Deployment, firstStep: number): string {
  const isLink = loss.code === 'peer_unreachable' || links.relayedPairs > 0;
  const how = isLink
    ? 'going on through the coordinator'
    : `a worker was lost; going on with ${workers.length}`;
  return `${how} from step ${firstStep}: ${loss.rawMessage}`;
}
