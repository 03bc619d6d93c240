import { AsyncDiffError } from '../../common/errors/index.js';
import { Mailbox } from '../../common/pending/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  type ExecutionReport,
  issuedRound,
  type JobStart,
  type MadeLatents,
  type RoundDone,
  type RoundReport,
  type SamplingExecutor,
  type WorkerExecution,
} from '../../execution/index.js';
import { fromSamplerState, toIssueRound, toSamplerMessage } from '../../protocol/index.js';
import {
  JobProgram,
  type ReadByWorkers,
  type ReadVersion,
  type Round,
  type ScheduleSettings,
  type Task,
  unreadFrom,
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
  readonly program: JobProgram;
  readonly #attempt: number;
  readonly #noise = new Mailbox<Tensor>();
  readonly #done = new Mailbox<RoundDone>();
  /** Workers that read the latents of issued rounds, by `name@version`. */
  readonly #latentsReaders = new Map<string, ReadonlySet<string>>();
  #jobId = '';
  #numSteps = 0;

  constructor(deployment: Deployment, settings: ScheduleSettings, attempt: number) {
    this.#deployment = deployment;
    this.program = new JobProgram(deployment.partition, settings);
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
      onRoundDone: ({ jobId, attempt, lastStep, state, held }) => {
        if (!this.#isCurrent(jobId, attempt)) return;
        const done = { state: state === null ? undefined : fromSamplerState(state), held };
        // None of the rounds that were issued for later steps will be done.
        const until = held ? this.#numSteps : lastStep + 1;
        for (let step = lastStep + (held ? 1 : 0); step < until; step++) this.#done.deliver(step, done);
      },
      onFault: (error) => this.#fail(error),
    };
    const { conditioning, sampler, ...rest } = job;
    this.#numSteps = job.timesteps.length;
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
    const byWorker = new Map<WorkerHandle, Task[]>(this.#deployment.workers.map((worker) => [worker, []]));
    for (const task of this.program.tasks(round)) byWorker.get(this.#deployment.workerOf(task))?.push(task);
    const made = this.#readByWorkers(round);
    for (const [worker, tasks] of byWorker) {
      if (tasks.length === 0) continue;
      const issued = issuedRound(this.program, round, tasks, report);
      const unread = unreadFrom(this.#deployment.routes, worker.id, made);
      worker.send({ issueRound: toIssueRound(this.#jobId, this.#attempt, issued, unread) });
    }
  }

  latents({ name, version, tensor }: MadeLatents): void {
    // The worker that runs the sampler makes them itself, and passes them on.
    if (this.#deployment.samplingWorkerId !== undefined) return;
    const message = toTensorMessage(tensor);
    const readers = this.#latentsReaders.get(`${name}@${version}`);
    for (const worker of this.#deployment.sampleReaders) {
      if (readers?.has(worker.id) !== true) continue;
      worker.send({
        latents: { jobId: this.#jobId, attempt: this.#attempt, name, version, tensor: message },
      });
    }
    this.#latentsReaders.delete(`${name}@${version}`);
  }

  noisePrediction(step: number): Promise<Tensor> {
    return this.#noise.take(step, { what: `job ${this.#jobId}: noise prediction of step ${step}` });
  }

  roundDone(lastStep: number): Promise<RoundDone> {
    return this.#done.take(lastStep, { what: `job ${this.#jobId}: round that ends with step ${lastStep}` });
  }

  async finish(): Promise<ExecutionReport> {
    this.#fail(new AsyncDiffError('cancelled', `job ${this.#jobId} has ended`));
    const reports = await Promise.all(
      this.#deployment.workers.map((worker) => worker.endJob(this.#jobId, this.#attempt)),
    );
    return { workers: reports.filter((report): report is WorkerExecution => report !== undefined) };
  }

  /** What a round makes, and the latents that it reads, with the workers that read it. */
  #readByWorkers(round: Round): ReadByWorkers[] {
    const placed = ({ name, version, readers }: ReadVersion): ReadByWorkers => ({
      name,
      version,
      workers: new Set(readers.map((reader) => this.#deployment.workerOf(reader).id)),
    });
    const latents = this.program.latents(round).map(placed);
    for (const { name, version, workers } of latents) this.#latentsReaders.set(`${name}@${version}`, workers);
    return [...this.program.made(round).map(placed), ...latents];
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
