import { AsyncDiffError } from '../../common/errors/index.js';
import { Mailbox } from '../../common/pending/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  type ExecutionReport,
  issuedRound,
  type JobStart,
  type RoundReport,
  type SamplerState,
  type SamplingExecutor,
  type WorkerExecution,
} from '../../execution/index.js';
import { fromSamplerState, toIssueRound, toSamplerMessage } from '../../protocol/index.js';
import { unreadFrom } from '../../program/index.js';
import {
  JobProgram,
  type Reader,
  type Round,
  type ScheduleSettings,
  type Task,
} from '../../program/index.js';
import type { RelayedFrame__Output } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { Deployment } from './deployment.js';
import type { WorkerHandle } from '../workers/index.js';
import type { JobListener } from '../workers/index.js';
import { fromTensorMessage, toTensorMessage, toTensorMessages } from '../../rpc/index.js';

/**
 * Runs the rounds of one attempt of a job on the workers of a deployment. Sends each worker its tasks and the latents,
 * takes what they report of each round; boundary tensors, and latents where a worker runs the sampler, move between the workers
 * without coming by here (unless relayed).
 */
export class DistributedExecutor implements SamplingExecutor {
  readonly #deployment: Deployment;
  readonly #program: JobProgram;
  readonly #attempt: number;
  readonly #noise = new Mailbox<Tensor>();
  readonly #done = new Mailbox<SamplerState | undefined>();
  #jobId = '';
  #firstStep = 0;

  constructor(deployment: Deployment, settings: ScheduleSettings, attempt: number) {
    this.#deployment = deployment;
    this.#program = new JobProgram(deployment.partition, settings);
    this.#attempt = attempt;
  }

  async start(job: JobStart): Promise<void> {
    this.#jobId = job.jobId;
    const listener: JobListener = {
      onNoise: ({ jobId, attempt, step, tensor }) => {
        if (this.#isCurrent(jobId, attempt))
          this.#noise.deliver(step, fromTensorMessage(tensor, `noise prediction of step ${step}`));
      },
      onRelayedFrame: (message) => this.#relay(message),
      onRoundDone: ({ jobId, attempt, lastStep, state }) => {
        if (this.#isCurrent(jobId, attempt))
          this.#done.deliver(lastStep, state === null ? undefined : fromSamplerState(state));
      },
      onFault: (error) => this.#fail(error),
    };
    const { conditioning, sampler, ...rest } = job;
    this.#firstStep = sampler.nextStep;
    const samplerMessage = toSamplerMessage(sampler);
    await Promise.all(
      this.#deployment.workers.map((worker) => {
        const wanted = this.#deployment.conditioningOf(worker.id);
        const given = Object.fromEntries(Object.entries(conditioning).filter(([name]) => wanted.has(name)));
        return worker.startJob(
          {
            ...rest,
            timesteps: [...job.timesteps],
            attempt: this.#attempt,
            planId: this.#deployment.planId,
            conditioning: toTensorMessages(given),
            ...(worker.id === this.#deployment.samplingWorkerId ? { sampler: samplerMessage } : {}),
          },
          listener,
        );
      }),
    );
  }

  issue(round: Round, report: RoundReport): void {
    const { partition } = this.#deployment;
    const byWorker = new Map<WorkerHandle, Task[]>(this.#deployment.workers.map((worker) => [worker, []]));
    for (const task of this.#program.tasks(round)) byWorker.get(this.#deployment.workerOf(task))?.push(task);
    const readers = this.#workersThatRead(round);
    for (const [worker, tasks] of byWorker) {
      if (tasks.length === 0) continue;
      const issued = issuedRound(partition, round, tasks, report);
      const unread = unreadFrom(this.#deployment.routes, worker.id, partition, readers);
      worker.send({ issueRound: toIssueRound(this.#jobId, this.#attempt, issued, unread) });
    }
  }

  latents(step: number, tensor: Tensor): void {
    // Only the first ones: the worker that runs the sampler makes the others and passes them on.
    if (this.#deployment.samplingWorkerId !== undefined && step !== this.#firstStep) return;
    const message = toTensorMessage(tensor);
    for (const worker of this.#deployment.sampleReaders) {
      worker.send({ latents: { jobId: this.#jobId, attempt: this.#attempt, step, tensor: message } });
    }
  }

  noisePrediction(step: number): Promise<Tensor> {
    return this.#noise.take(step, { what: `job ${this.#jobId}: noise prediction of step ${step}` });
  }

  roundDone(lastStep: number): Promise<SamplerState | undefined> {
    return this.#done.take(lastStep, { what: `job ${this.#jobId}: round that ends with step ${lastStep}` });
  }

  async finish(): Promise<ExecutionReport> {
    this.#fail(new AsyncDiffError('cancelled', `job ${this.#jobId} has ended`));
    const reports = await Promise.all(
      this.#deployment.workers.map((worker) => worker.endJob(this.#jobId, this.#attempt)),
    );
    return { workers: reports.filter((report): report is WorkerExecution => report !== undefined) };
  }

  /** Workers that read what a round makes, by boundary tensor. */
  #workersThatRead(round: Round): Map<string, ReadonlySet<string>> {
    const idOf = (reader: Reader): string => this.#deployment.workerOf(reader).id;
    return new Map([...this.#program.readers(round)].map(([name, by]) => [name, new Set(by.map(idOf))]));
  }

  #fail(error: AsyncDiffError): void {
    this.#noise.fail(error);
    this.#done.fail(error);
  }

  #isCurrent(jobId: string, attempt: number): boolean {
    return jobId === this.#jobId && attempt === this.#attempt;
  }

  #relay({ toWorkerIds, frame }: RelayedFrame__Output): void {
    if (frame === null || !this.#isCurrent(frame.jobId, frame.attempt)) return;
    for (const id of toWorkerIds)
      this.#deployment.worker(id)?.send({ relayedFrame: { toWorkerIds: [id], frame } });
  }
}
