import { AsyncDiffError } from '../../common/errors/index.js';
import { Mailbox } from '../../common/pending/index.js';
import { formatDims, type Tensor, type ValueSpec } from '../../common/tensor/index.js';
import { type ExecutionReport } from '../../execution/index.js';
import { itemInputName, JobProgram, type Round } from '../../program/index.js';
import { fromTensorMessage } from '../../rpc/index.js';
import type { JobListener, WorkerHandle } from '../workers/index.js';
import type { Deployment } from './deployment.js';
import { type ExecutorOptions, JobAttempt } from './job-attempt.js';

type ItemOutput = Parameters<NonNullable<JobListener['onOutput']>>[0];

export type NamedTensors = Readonly<Record<string, Tensor>>;

/** An attempt of a run: from this item to the end of the list. */
interface ItemAttempt {
  readonly jobId: string;
  readonly attempt: number;
  readonly firstItem: number;
  /** Of the whole list. */
  readonly items: number;
  readonly trace: boolean;
}

/**
 * Runs a single-pass model of a deployment on the items of a list. Every item is a round in order; items do not depend on each other, so
 * that as many as are issued are in progress, each in another component. Outputs go from the worker that makes them straight to here.
 */
export class ItemExecutor {
  readonly #deployment: Deployment;
  readonly #attempt: ItemAttempt;
  readonly #program: JobProgram;
  readonly #done = new Mailbox<NamedTensors>();
  /** Outputs by name, as their makers have them; states among them. */
  readonly #outputs: ReadonlyMap<string, ValueSpec>;
  readonly #states: ReadonlySet<string>;
  readonly #arriving = new Map<number, Map<string, Tensor>>();
  /** Names of outputs that an issued item still has to come with. */
  readonly #awaited = new Map<number, Set<string>>();
  readonly #job: JobAttempt;

  constructor(deployment: Deployment, attempt: ItemAttempt, options: ExecutorOptions) {
    this.#deployment = deployment;
    this.#attempt = attempt;
    const { firstItem, items } = attempt;
    this.#job = new JobAttempt(deployment, attempt, options, (error) => this.#done.fail(error));
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
    await this.#job.start(
      conditioning,
      () => ({ timesteps: [], guidance: null, trace: this.#attempt.trace }),
      (worker) => ({ onOutput: (message) => this.#take(worker, message) }),
    );
    const before = (this.#program.rounds[0]?.round ?? 0) - 1;
    for (const worker of this.#deployment.workers)
      for (const value of this.#itemReads(worker, 'states'))
        this.#job.send([worker], value, before, states[value] as Tensor);
    this.#job.watch(() => this.#done.isAwaited);
  }

  /** Has an item run. @param isCheckpoint whether the states that it makes are told as well */
  issue(item: number, inputs: NamedTensors, isCheckpoint: boolean): void {
    const round = this.#program.rounds[item - this.#attempt.firstItem] as Round;
    const names = [...this.#outputs.keys()].filter((name) => isCheckpoint || !this.#states.has(name));
    this.#awaited.set(item, new Set(names));
    const reads = this.#program.made(round).map(this.#job.placed);
    const report = isCheckpoint ? 'checkpoint' : 'nothing';
    for (const worker of this.#job.issue(this.#program, round, report, reads))
      for (const name of this.#itemReads(worker, 'inputs'))
        this.#job.send([worker], itemInputName(name), item, inputs[name] as Tensor);
  }

  /** Resolves with all outputs of an item (and its states, at a checkpoint); rejects when the attempt cannot go on. */
  outputs(item: number): Promise<NamedTensors> {
    if (!this.#done.isAwaited) this.#job.moved();
    return this.#done.take(item, { what: `job ${this.#attempt.jobId}: outputs of item ${item}` });
  }

  finish(isDone: boolean): Promise<ExecutionReport> {
    return this.#job.finish(isDone);
  }

  /** Inputs of items, or values that are states, that a worker's segments read. */
  #itemReads(worker: WorkerHandle, what: 'inputs' | 'states'): ReadonlySet<string> {
    const own = this.#deployment.specsOf(worker.id).flatMap(({ item }) => item ?? []);
    return new Set(
      own.flatMap(({ inputs, states }) => (what === 'inputs' ? inputs : states.map(({ value }) => value))),
    );
  }

  #take(worker: WorkerHandle, { item, name, tensor: message }: ItemOutput): void {
    const what = `"${name}" of item ${item}`;
    const spec = this.#outputs.get(name);
    const left = this.#awaited.get(item);
    const isItsOwn = this.#deployment
      .specsOf(worker.id)
      .some(({ outputs }) => outputs.some((value) => value.name === name));
    if (spec === undefined || left?.has(name) !== true || !isItsOwn)
      throw new AsyncDiffError('invalid_input', `${what}, which nobody waits for`);
    const tensor = fromTensorMessage(message, what);
    if (tensor.dtype !== spec.dtype || formatDims(tensor.dims) !== formatDims(spec.dims))
      throw new AsyncDiffError(
        'invalid_input',
        `${what} as ${tensor.dtype} ${formatDims(tensor.dims)}, it must be ${spec.dtype} ${formatDims(spec.dims)}`,
      );
    const arrived = this.#arriving.get(item) ?? new Map<string, Tensor>();
    this.#arriving.set(item, arrived.set(name, tensor));
    left.delete(name);
    if (left.size > 0) return;
    this.#arriving.delete(item);
    this.#awaited.delete(item);
    this.#done.deliver(item, Object.fromEntries(arrived));
  }
}
