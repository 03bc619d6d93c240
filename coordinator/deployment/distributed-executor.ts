import { AsyncDiffError } from '../../common/errors/index.js';
import { Mailbox } from '../../common/pending/index.js';
import { formatDims, type Tensor } from '../../common/tensor/index.js';
import {
  type ExecutionReport,
  isFinite,
  issuedRound,
  type JobStart,
  type MadeLatents,
  type RoundDone,
  type RoundReport,
  type SamplerState,
  type SamplingExecutor,
  type WorkerExecution,
} from '../../execution/index.js';
import { fromSamplerState, toGuidanceMessage, toIssueRound, toSamplerMessage } from '../../protocol/index.js';
import {
  JobProgram,
  type ReadByWorkers,
  type ReadVersion,
  type Round,
  type ScheduleSettings,
  type Task,
  unreadFrom,
} from '../../program/index.js';
import type { Deployment } from './deployment.js';
import type { WorkerHandle } from '../workers/index.js';
import type { JobListener } from '../workers/index.js';
import { Relay } from './relay.js';
import { type Blame, errorOf, RoundWatch } from './round-watch.js';
import { fromTensorMessage, toTensorMessage, toTensorMessages } from '../../rpc/index.js';

export interface ExecutorOptions {
  /** How long no report of the rounds may come, milliseconds: see roundLimitMs. */
  readonly roundLimitMs: number;
  /** A tensor did not come from one worker to another. */
  readonly onLinkFailed: (from: WorkerHandle, to: WorkerHandle) => void;
  readonly signal?: AbortSignal | undefined;
}

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
  readonly #options: ExecutorOptions;
  #watch: RoundWatch | undefined;
  #relay: Relay | undefined;
  #jobId = '';
  #numSteps = 0;
  /** Dims of the latents: what a checkpoint must have. */
  #dims = '';

  constructor(deployment: Deployment, settings: ScheduleSettings, attempt: number, options: ExecutorOptions) {
    this.#deployment = deployment;
    this.program = new JobProgram(deployment.partition, settings);
    this.#attempt = attempt;
    this.#options = options;
  }

  async start(job: JobStart): Promise<void> {
    this.#jobId = job.jobId;
    const { conditioning, sampler, guidance, ...rest } = job;
    this.#numSteps = job.timesteps.length;
    this.#dims = formatDims(sampler.latents.dims);
    const samplerMessage = toSamplerMessage(sampler);
    const { deployment, signal } = { deployment: this.#deployment, signal: this.#options.signal };
    deployment.onBroken = (error) => this.#fail(error);
    this.#relay = new Relay(deployment, { jobId: job.jobId, attempt: this.#attempt });
    await Promise.all(
      deployment.workers.map((worker) => {
        const wanted = deployment.conditioningOf(worker.id);
        const given = Object.fromEntries(Object.entries(conditioning).filter(([name]) => wanted.has(name)));
        checkSize(worker, given);
        return worker.startJob(
          {
            ...rest,
            guidance: guidance === undefined ? null : toGuidanceMessage(guidance),
            timesteps: [...job.timesteps],
            attempt: this.#attempt,
            deploymentId: deployment.deploymentId,
            conditioning: toTensorMessages(given),
            ...(worker.id === deployment.samplingWorkerId ? { sampler: samplerMessage } : {}),
          },
          this.#listenerOf(worker),
          signal,
        );
      }),
    );
    this.#watch = new RoundWatch({
      deployment,
      limitMs: this.#options.roundLimitMs,
      isAwaited: () => this.#noise.isAwaited || this.#done.isAwaited,
      onStuck: (blame) => this.#stuck(blame),
    });
  }

  /** What a worker tells of this attempt; what cannot be makes it lose its place. */
  #listenerOf(worker: WorkerHandle): JobListener {
    const checked = (take: () => void): void => {
      this.#watch?.moved();
      try {
        take();
      } catch (error) {
        const { rawMessage } = AsyncDiffError.from(error);
        worker.lose(new AsyncDiffError('worker_lost', `worker ${worker.name} sent ${rawMessage}`), 'wrong');
      }
    };
    return {
      jobId: this.#jobId,
      attempt: this.#attempt,
      onNoise: ({ step, tensor }) =>
        checked(() => {
          const eps = fromTensorMessage(tensor, `noise prediction of step ${step}`);
          this.#noise.deliver(step, this.#check(eps, `noise prediction of step ${step}`));
        }),
      onRoundDone: ({ lastStep, state, held }) =>
        checked(() => {
          const done = { state: state === null ? undefined : this.#checkpoint(lastStep, state), held };
          // None of the rounds that were issued for later steps will be done.
          const until = held ? this.#numSteps : lastStep + 1;
          for (let step = lastStep + (held ? 1 : 0); step < until; step++) this.#done.deliver(step, done);
        }),
      onRelayedFrame: (message) => checked(() => this.#relay?.take(worker, message)),
      onRelayCredit: (message) => checked(() => this.#relay?.credit(worker, message)),
      onFault: (error) => this.#fail(error),
    };
  }

  #checkpoint(lastStep: number, message: Parameters<typeof fromSamplerState>[0]): SamplerState {
    const state = fromSamplerState(message);
    const what = `the checkpoint after step ${lastStep}`;
    if (state.nextStep !== lastStep + 1)
      throw new AsyncDiffError('invalid_input', `${what} as one before step ${state.nextStep}`);
    this.#check(state.latents, what);
    return state;
  }

  /** float32, of the latents' shape, finite. */
  #check(tensor: Tensor, what: string): Tensor {
    if (tensor.dtype !== 'float32' || formatDims(tensor.dims) !== this.#dims)
      throw new AsyncDiffError(
        'invalid_input',
        `${what} as ${tensor.dtype} ${formatDims(tensor.dims)}, it must be float32 ${this.#dims}`,
      );
    if (!isFinite(tensor)) throw new AsyncDiffError('invalid_input', `${what} with NaN or infinity`);
    return tensor;
  }

  #stuck(blame: Blame): void {
    const error = errorOf(blame);
    if (blame.kind === 'link') this.#options.onLinkFailed(blame.from, blame.to);
    if (blame.kind === 'worker') blame.worker.lose(error, 'late');
    this.#fail(error);
  }

  issue(round: Round, report: RoundReport): void {
    const byWorker = new Map<WorkerHandle, Task[]>(this.#deployment.workers.map((worker) => [worker, []]));
    for (const task of this.program.tasks(round)) byWorker.get(this.#deployment.workerOf(task))?.push(task);
    const made = this.#readByWorkers(round);
    for (const [worker, tasks] of byWorker) {
      if (tasks.length === 0) continue;
      const issued = issuedRound(this.program, round, tasks, report);
      const unread = unreadFrom(this.#deployment.links.routes, worker.id, made);
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
    // The time counts from when it is waited for: until then the caller was at something else.
    if (!this.#noise.isAwaited) this.#watch?.moved();
    return this.#noise.take(step, { what: `job ${this.#jobId}: noise prediction of step ${step}` });
  }

  roundDone(lastStep: number): Promise<RoundDone> {
    return this.#done.take(lastStep, { what: `job ${this.#jobId}: round that ends with step ${lastStep}` });
  }

  async finish(isDone: boolean): Promise<ExecutionReport> {
    this.#watch?.close();
    this.#relay?.close();
    this.#deployment.onBroken = undefined;
    this.#fail(new AsyncDiffError('cancelled', `job ${this.#jobId} has ended`));
    const reports = await Promise.all(
      this.#deployment.workers.map((worker) => worker.endJob(this.#jobId, this.#attempt, !isDone)),
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
}

/** A worker that cannot take its conditioning would be lost at every start. */
export function checkSize(worker: WorkerHandle, conditioning: Readonly<Record<string, Tensor>>): void {
  const bytes = Object.values(conditioning).reduce((sum, { data }) => sum + data.byteLength, 0);
  const { maxMessageBytes } = worker.facts;
  if (bytes <= maxMessageBytes) return;
  throw new AsyncDiffError(
    'message_too_large',
    `worker ${worker.name} takes messages of ${maxMessageBytes} bytes, the inputs of this job have ${bytes}`,
    { hint: 'Start that worker with a larger --max-message-mb.' },
  );
}
