import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  type ExecutionReport,
  issuedRound,
  type RoundReport,
  type WorkerExecution,
} from '../../execution/index.js';
import { toIssueRound } from '../../protocol/index.js';
import {
  type JobProgram,
  type ReadByWorkers,
  type ReadVersion,
  type Round,
  type Task,
  unreadFrom,
} from '../../program/index.js';
import { toTensorMessage, toTensorMessages } from '../../rpc/index.js';
import type { JobListener, WorkerHandle } from '../workers/index.js';
import type { Deployment } from './deployment.js';
import { Relay } from './relay.js';
import { type Blame, errorOf, RoundWatch } from './round-watch.js';

export interface ExecutorOptions {
  /** How long no report of the rounds may come, milliseconds: see roundLimitMs. */
  readonly roundLimitMs: number;
  /** Called when a tensor did not come from `from` to `to` in time. */
  readonly onLinkFailed: (from: WorkerHandle, to: WorkerHandle) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a worker is told at the start that is the executor's own: of a job's order, all that follows neither from the attempt nor from what the worker reads. */
type OwnOrder = Omit<
  Parameters<WorkerHandle['startJob']>[0],
  'jobId' | 'attempt' | 'deploymentId' | 'conditioning'
>;

/** Events of a worker that the executor takes itself; what one throws makes the worker lose its place. */
export type ResultListener = Partial<Pick<JobListener, 'onNoise' | 'onRoundDone' | 'onOutput'>>;

/** One attempt of a job on the workers of a deployment, whatever its rounds are for: they are started, given tasks, watched, relayed for, and ended. */
export class JobAttempt {
  readonly #deployment: Deployment;
  readonly #job: { readonly jobId: string; readonly attempt: number };
  readonly #options: ExecutorOptions;
  readonly #fail: (error: AsyncDiffError) => void;
  readonly #relay: Relay;
  #watch: RoundWatch | undefined;

  /** @param fail hears why the attempt cannot go on */
  constructor(
    deployment: Deployment,
    job: { readonly jobId: string; readonly attempt: number },
    options: ExecutorOptions,
    fail: (error: AsyncDiffError) => void,
  ) {
    this.#deployment = deployment;
    this.#job = { jobId: job.jobId, attempt: job.attempt };
    this.#options = options;
    this.#fail = fail;
    this.#relay = new Relay(deployment, this.#job);
  }

  /** Starts it on every worker, each with the conditioning that it reads. Throws `message_too_large`. */
  async start(
    conditioning: Readonly<Record<string, Tensor>>,
    orderOf: (worker: WorkerHandle) => OwnOrder,
    resultsOf: (worker: WorkerHandle) => ResultListener,
  ): Promise<void> {
    const deployment = this.#deployment;
    deployment.onBroken = (error) => this.#fail(error);
    await Promise.all(
      deployment.workers.map((worker) => {
        const wanted = deployment.conditioningOf(worker.id);
        const given = Object.fromEntries(Object.entries(conditioning).filter(([name]) => wanted.has(name)));
        const own = orderOf(worker);
        checkSize(worker, given, own.sampler ?? undefined);
        return worker.startJob(
          {
            ...own,
            ...this.#job,
            deploymentId: deployment.deploymentId,
            conditioning: toTensorMessages(given),
          },
          this.#listenerOf(worker, resultsOf(worker)),
          this.#options.signal,
        );
      }),
    );
  }

  /** Begins to watch: while `isAwaited()`, reports must come in time. */
  watch(isAwaited: () => boolean, reportsPerRound = 1): void {
    this.#watch = new RoundWatch({
      deployment: this.#deployment,
      reportsPerRound,
      limitMs: this.#options.roundLimitMs,
      isAwaited,
      onStuck: (blame) => this.#stuck(blame),
    });
  }

  /** Begins the time of the next report anew. */
  moved(): void {
    this.#watch?.moved();
  }

  /** Gives the workers their tasks of a round, and says which of `reads` each need not send on. The workers that have any. */
  issue(
    program: JobProgram,
    round: Round,
    report: RoundReport,
    reads: readonly ReadByWorkers[],
  ): WorkerHandle[] {
    const byWorker = new Map<WorkerHandle, Task[]>(this.#deployment.workers.map((worker) => [worker, []]));
    for (const task of program.tasks(round)) byWorker.get(this.#deployment.workerOf(task))?.push(task);
    const { jobId, attempt } = this.#job;
    const busy = [...byWorker].filter(([, tasks]) => tasks.length > 0);
    for (const [worker, tasks] of busy) {
      const issued = issuedRound(program, round, tasks, report);
      const unread = unreadFrom(this.#deployment.links.routes, worker.id, reads);
      worker.send({ issueRound: toIssueRound(jobId, attempt, issued, unread) });
    }
    return busy.map(([worker]) => worker);
  }

  /** A version with the workers that read it. */
  readonly placed = ({ name, version, readers }: ReadVersion): ReadByWorkers => ({
    name,
    version,
    workers: new Set(readers.map((reader) => this.#deployment.workerOf(reader).id)),
  });

  /** A tensor that workers do not make. */
  send(workers: readonly WorkerHandle[], name: string, version: number, tensor: Tensor): void {
    const message = { latents: { ...this.#job, name, version, tensor: toTensorMessage(tensor) } };
    for (const worker of workers) worker.send(message);
  }

  /** @param isDone the workers' reports count */
  async finish(isDone: boolean): Promise<ExecutionReport> {
    const { jobId, attempt } = this.#job;
    this.#watch?.close();
    this.#relay.close();
    this.#deployment.onBroken = undefined;
    this.#fail(new AsyncDiffError('cancelled', `job ${jobId} has ended`));
    const reports = await Promise.all(
      this.#deployment.workers.map((worker) => worker.endJob(jobId, attempt, !isDone)),
    );
    return { workers: reports.filter((report): report is WorkerExecution => report !== undefined) };
  }

  /** What a worker tells of this attempt; what cannot be makes it lose its place. */
  #listenerOf(worker: WorkerHandle, { onNoise, onRoundDone, onOutput }: ResultListener): JobListener {
    const checked = (take: () => void, isReport = false): void => {
      if (isReport) this.#watch?.reported();
      else this.#watch?.moved();
      try {
        take();
      } catch (error) {
        const { rawMessage } = AsyncDiffError.from(error);
        worker.lose(new AsyncDiffError('worker_lost', `worker ${worker.name} sent ${rawMessage}`), 'wrong');
      }
    };
    const taken =
      <M>(take: ((message: M) => void) | undefined, isReport: boolean) =>
      (message: M): void => {
        if (take !== undefined) checked(() => take(message), isReport);
      };
    return {
      ...this.#job,
      onNoise: taken(onNoise, true),
      onRoundDone: taken(onRoundDone, true),
      // Not counted among the times of rounds: items take what they take.
      onOutput: taken(onOutput, false),
      onRelayedFrame: (message) => checked(() => this.#relay.take(worker, message)),
      onRelayCredit: (message) => checked(() => this.#relay.credit(worker, message)),
      onFault: (error) => this.#fail(error),
    };
  }

  #stuck(blame: Blame): void {
    const error = errorOf(blame);
    if (blame.kind === 'link') this.#options.onLinkFailed(blame.from, blame.to);
    if (blame.kind === 'worker') blame.worker.lose(error, 'late');
    this.#fail(error);
  }
}

/** Throws `message_too_large`: a worker that cannot take its conditioning would be lost at every start. */
function checkSize(
  worker: WorkerHandle,
  conditioning: Readonly<Record<string, Tensor>>,
  sampler: OwnOrder['sampler'],
): void {
  const { state, kept } = sampler ?? {};
  const held = [state?.latents, ...(state?.history ?? []), ...(state?.foresight?.values ?? [])];
  const parts = [...held, kept?.mask, kept?.original, kept?.noise];
  const bytes =
    Object.values(conditioning).reduce((sum, { data }) => sum + data.byteLength, 0) +
    parts.reduce((sum, part) => sum + (part?.data?.length ?? 0), 0);
  const { maxMessageBytes } = worker.facts;
  if (bytes <= maxMessageBytes) return;
  throw new AsyncDiffError(
    'message_too_large',
    `worker ${worker.name} takes messages of ${maxMessageBytes} bytes, the inputs of this job have ${bytes}`,
    { hint: 'Start that worker, and the coordinator, with a larger --max-message-mb.' },
  );
}
