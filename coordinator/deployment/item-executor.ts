import { AsyncDiffError } from '../../common/errors/index.js';
import { Mailbox } from '../../common/pending/index.js';
import { formatDims, type Tensor, type ValueSpec } from '../../common/tensor/index.js';
import { type ExecutionReport, issuedRound, type WorkerExecution } from '../../execution/index.js';
import { toIssueRound } from '../../protocol/index.js';
import { itemInputName, JobProgram, type Round, type Task, unreadFrom } from '../../program/index.js';
import { fromTensorMessage, toTensorMessage, toTensorMessages } from '../../rpc/index.js';
import type { JobListener, WorkerHandle } from '../workers/index.js';
import type { Deployment } from './deployment.js';
import { checkSize, type ExecutorOptions } from './distributed-executor.js';
import { Relay } from './relay.js';
import { errorOf, RoundWatch } from './round-watch.js';

type ItemOutput = Parameters<NonNullable<JobListener['onOutput']>>[0];

export type NamedTensors = Readonly<Record<string, Tensor>>;

/** An attempt of a run: from this item to the end of the list. */
export interface ItemAttempt {
  readonly jobId: string;
  readonly attempt: number;
  readonly firstItem: number;
  /** Of the whole list. */
  readonly items: number;
}

/**
 * Runs a single-pass model of a deployment on the items of a list. Every item is a round in order; items do not depend on each other, so
 * that as many as are issued are in progress, each in another component. Outputs go from the worker that makes them straight to here.
 */
export class ItemExecutor {
  readonly #deployment: Deployment;
  readonly #attempt: ItemAttempt;
  readonly #options: ExecutorOptions;
  readonly #program: JobProgram;
  readonly #done = new Mailbox<NamedTensors>();
  /** Outputs by name, as their makers have them; states among them. */
  readonly #outputs: ReadonlyMap<string, ValueSpec>;
  readonly #states: ReadonlySet<string>;
  readonly #arriving = new Map<number, Map<string, Tensor>>();
  /** Outputs that an issued item still has to come with. */
  readonly #awaited = new Map<number, number>();
  readonly #relay: Relay;
  #watch: RoundWatch | undefined;

  constructor(deployment: Deployment, attempt: ItemAttempt, options: ExecutorOptions) {
    this.#deployment = deployment;
    this.#attempt = attempt;
    this.#options = options;
    const { firstItem, items } = attempt;
    this.#relay = new Relay(deployment, attempt);
    this.#program = new JobProgram(deployment.partition, {
      numInferenceSteps: items,
      stride: 1,
      warmUp: items - firstItem,
      firstStep: firstItem,
      timeShift: false,
    });
    const { specs } = deployment.plan;
    this.#states = new Set(specs.flatMap(({ item }) => item?.carries ?? []));
    this.#outputs = new Map(
      specs.flatMap(({ item, outputs }) => {
        const names = [...(item?.outputs ?? []), ...(item?.carries ?? [])];
        return outputs.flatMap((value) => (names.includes(value.name) ? [[value.name, value] as const] : []));
      }),
    );
  }

  /** @param states what the first item reads of the one before, by the value's name */
  async start(conditioning: NamedTensors, states: NamedTensors): Promise<void> {
    const deployment = this.#deployment;
    const { jobId, attempt } = this.#attempt;
    deployment.onBroken = (error) => this.#done.fail(error);
    await Promise.all(
      deployment.workers.map((worker) => {
        const wanted = deployment.conditioningOf(worker.id);
        const given = Object.fromEntries(Object.entries(conditioning).filter(([name]) => wanted.has(name)));
        checkSize(worker, given);
        return worker.startJob(
          {
            jobId,
            attempt,
            deploymentId: deployment.deploymentId,
            conditioning: toTensorMessages(given),
            timesteps: [],
            guidance: null,
            trace: false,
          },
          this.#listenerOf(worker),
          this.#options.signal,
        );
      }),
    );
    const before = (this.#program.rounds[0]?.round ?? 0) - 1;
    for (const worker of deployment.workers)
      for (const value of this.#itemReads(worker, 'states'))
        this.#send(worker, value, before, states[value] as Tensor);
    this.#watch = new RoundWatch({
      deployment,
      limitMs: this.#options.roundLimitMs,
      isAwaited: () => this.#done.isAwaited,
      onStuck: (blame) => {
        const error = errorOf(blame);
        if (blame.kind === 'link') this.#options.onLinkFailed(blame.from, blame.to);
        if (blame.kind === 'worker') blame.worker.lose(error, 'late');
        this.#done.fail(error);
      },
    });
  }

  /** Has an item run. @param isCheckpoint whether the states that it makes are told as well */
  issue(item: number, inputs: NamedTensors, isCheckpoint: boolean): void {
    const deployment = this.#deployment;
    const round = this.#program.rounds[item - this.#attempt.firstItem] as Round;
    const { jobId, attempt } = this.#attempt;
    this.#awaited.set(item, this.#outputs.size - (isCheckpoint ? 0 : this.#states.size));
    const byWorker = new Map<WorkerHandle, Task[]>();
    for (const task of this.#program.tasks(round)) {
      const worker = deployment.workerOf(task);
      byWorker.set(worker, [...(byWorker.get(worker) ?? []), task]);
    }
    const made = this.#program.made(round).map(({ name, version, readers }) => ({
      name,
      version,
      workers: new Set(readers.map((reader) => deployment.workerOf(reader).id)),
    }));
    for (const [worker, tasks] of byWorker) {
      const issued = issuedRound(this.#program, round, tasks, isCheckpoint ? 'checkpoint' : 'nothing');
      const unread = unreadFrom(deployment.links.routes, worker.id, made);
      worker.send({ issueRound: toIssueRound(jobId, attempt, issued, unread) });
      for (const name of this.#itemReads(worker, 'inputs'))
        this.#send(worker, itemInputName(name), item, inputs[name] as Tensor);
    }
  }

  /** Resolves with all outputs of an item (and its states, at a checkpoint); rejects when the attempt cannot go on. */
  outputs(item: number): Promise<NamedTensors> {
    if (!this.#done.isAwaited) this.#watch?.moved();
    return this.#done.take(item, { what: `job ${this.#attempt.jobId}: outputs of item ${item}` });
  }

  async finish(isDone: boolean): Promise<ExecutionReport> {
    this.#watch?.close();
    this.#relay.close();
    const { jobId, attempt } = this.#attempt;
    this.#deployment.onBroken = undefined;
    this.#done.fail(new AsyncDiffError('cancelled', `job ${jobId} has ended`));
    const reports = await Promise.all(
      this.#deployment.workers.map((worker) => worker.endJob(jobId, attempt, !isDone)),
    );
    return { workers: reports.filter((report): report is WorkerExecution => report !== undefined) };
  }

  /** Inputs of items, or values that are states, that a worker's segments read. */
  #itemReads(worker: WorkerHandle, what: 'inputs' | 'states'): ReadonlySet<string> {
    const own = this.#deployment.specsOf(worker.id).flatMap(({ item }) => item ?? []);
    return new Set(
      own.flatMap(({ inputs, states }) => (what === 'inputs' ? inputs : states.map(({ value }) => value))),
    );
  }

  #send(worker: WorkerHandle, name: string, version: number, tensor: Tensor): void {
    const { jobId, attempt } = this.#attempt;
    worker.send({ latents: { jobId, attempt, name, version, tensor: toTensorMessage(tensor) } });
  }

  #listenerOf(worker: WorkerHandle): JobListener {
    const { jobId, attempt } = this.#attempt;
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
      jobId,
      attempt,
      onNoise: () => {},
      onRoundDone: () => {},
      onOutput: (message) => checked(() => this.#take(message)),
      onRelayedFrame: (message) => checked(() => this.#relay.take(worker, message)),
      onRelayCredit: (message) => checked(() => this.#relay.credit(worker, message)),
      onFault: (error) => this.#done.fail(error),
    };
  }

  #take({ item, name, tensor: message }: ItemOutput): void {
    const what = `"${name}" of item ${item}`;
    const spec = this.#outputs.get(name);
    const left = this.#awaited.get(item);
    if (spec === undefined || left === undefined)
      throw new AsyncDiffError('invalid_input', `${what}, which nobody waits for`);
    const tensor = fromTensorMessage(message, what);
    if (tensor.dtype !== spec.dtype || formatDims(tensor.dims) !== formatDims(spec.dims))
      throw new AsyncDiffError(
        'invalid_input',
        `${what} as ${tensor.dtype} ${formatDims(tensor.dims)}, it must be ${spec.dtype} ${formatDims(spec.dims)}`,
      );
    const arrived = this.#arriving.get(item) ?? new Map<string, Tensor>();
    this.#arriving.set(item, arrived.set(name, tensor));
    if (arrived.size < left) return;
    this.#arriving.delete(item);
    this.#awaited.delete(item);
    this.#done.deliver(item, Object.fromEntries(arrived));
  }
}
