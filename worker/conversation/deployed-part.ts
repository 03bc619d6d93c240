import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import type { SegmentSpec } from '../../execution/index.js';
import { type Due, dueAt } from '../../program/index.js';
import type { PartOrder, Peer } from '../../protocol/index.js';
import type { IncomingFrame, ReceivedMeta, SendToCoordinator } from '../../rpc/streams/index.js';
import { type DeploymentSecrets, ExchangeClient, type ExchangeServer } from '../exchange/index.js';
import type { Inference } from '../inference/index.js';
import { Traffic } from '../inference/index.js';
import { type ArtifactsContext, PartArtifacts } from './part-artifacts.js';
import { PartReads } from './part-reads.js';
import { PartRelay } from './part-relay.js';
import { checkPartMove, type PartState } from './part-state.js';

export interface PartContext extends ArtifactsContext {
  readonly inference: Pick<Inference, 'load' | 'unload' | 'tensor' | 'framesFrom'>;
  readonly exchange: Pick<ExchangeServer, 'publish' | 'dropDeployment'>;
  readonly declared: boolean;
  /** Whether tensors of workers on this host may come through shared memory. */
  readonly sharedMemory: boolean;
  /** Secret that consumers of this worker's tensors show. */
  readonly secrets: Pick<DeploymentSecrets, 'admit' | 'forget' | 'check'>;
  readonly send: SendToCoordinator;
  /** Resolves when the coordinator's connection has taken all but so many bytes of what was sent; throws when it takes no more. */
  readonly drained: (atMostBytes: number) => Promise<void>;
  /** A boundary tensor came in (for metrics). */
  readonly onReceived: (producerId: string, sizeBytes: number) => void;
  /** Called when what a producer sent cannot be used. */
  readonly onWrong: (deploymentId: string, error: AsyncDiffError) => void;
}

/** This worker's part of one deployment of a plan: its sessions, and where its boundary tensors come from and go to. */
export class DeployedPart {
  readonly deploymentId: string;
  readonly segments: readonly SegmentSpec[];
  /** The segments by id. */
  readonly specs: ReadonlyMap<string, SegmentSpec>;
  /** Counts what passes the network thread. */
  readonly traffic = new Traffic();
  readonly #context: PartContext;
  readonly #order: PartOrder;
  readonly #artifacts: PartArtifacts;
  readonly #reads: PartReads;
  readonly #relay: PartRelay;
  readonly #closed = new AbortController();
  #state: PartState = 'waiting';

  constructor(order: PartOrder, context: PartContext) {
    this.deploymentId = order.deploymentId;
    this.segments = order.segments;
    this.#order = order;
    this.specs = new Map(this.segments.map((segment) => [segment.id, segment]));
    this.#context = context;
    this.#artifacts = new PartArtifacts(order, context);
    context.secrets.admit(this.deploymentId, order.secret);
    this.#reads = new PartReads(this.segments, (name) => order.routes.has(name));
    this.#relay = new PartRelay(order, {
      send: context.send,
      drained: context.drained,
      maxBytesOf: (name) => this.#reads.maxBytes(name),
      onTensor: (tensor, meta, producerId) => this.receive(tensor, meta, producerId),
    });
  }

  get state(): PartState {
    return this.#state;
  }

  /** Gets graphs and tensors; resolves when all are on this host, or the part was given up. Throws why they cannot be had. */
  async collect(): Promise<void> {
    if (!this.#context.declared) await this.#artifacts.collect(this.#closed.signal);
  }

  /** Where an artifact lies that another worker of the deployment asks for. */
  give(sha256: string): FileRange | Promise<FileRange> {
    return this.#artifacts.give(sha256, this.#closed.signal);
  }

  /**
   * Opens the sessions and dials the producers; milliseconds of one run by segment. Every producer that does not answer is told
   * to the coordinator; then throws `peer_unreachable`, or what a session throws, or `cancelled` if it was closed meanwhile.
   */
  async open(): Promise<Readonly<Record<string, number>>> {
    this.#go('opening');
    const { inference } = this.#context;
    // One fails: the other is waited for all the same, so that nothing is under way when the failure is told.
    const [loaded, dialled] = await Promise.allSettled([
      inference.load({
        deploymentId: this.deploymentId,
        segments: this.segments.map((spec) => ({
          spec,
          graphPath: this.#artifacts.ranges.get(spec.sha256)?.path ?? '',
        })),
        tensors: this.#artifacts.ranges,
        optimizationLevel: this.#order.optimizationLevel,
        measure: this.#order.measure,
        readers: Object.fromEntries([...this.#order.routes].map(([name, to]) => [name, [...to.keys()]])),
      }),
      this.#dialProducers(),
    ]);
    if (this.#closed.signal.aborted) throw AsyncDiffError.from(this.#closed.signal.reason, 'cancelled');
    if (loaded.status === 'rejected') throw loaded.reason;
    if (dialled.status === 'rejected') throw dialled.reason;
    if (this.#state === 'opening') this.#go('open');
    return loaded.value;
  }

  /** An attempt of a job begins: its report starts empty, and nothing of it is on its way. */
  begin({
    jobId,
    attempt,
    trace,
  }: {
    readonly jobId: string;
    readonly attempt: number;
    readonly trace: boolean;
  }): void {
    this.traffic.begin(trace);
    this.#relay.begin({ jobId, attempt });
  }

  /** A frame that came through the coordinator. Throws what is wrong with it. */
  takeRelayed(frame: IncomingFrame, producerId: string): Promise<void> {
    return this.#relay.take(frame, producerId);
  }

  /** A worker has taken over `bytes` bytes of what it was sent through the coordinator. */
  credit(consumerId: string, bytes: number): void {
    this.#relay.credit(consumerId, bytes);
  }

  /** A tensor that was computed here goes to these workers. Its memory must stay as it is. */
  publish(tensor: Tensor, meta: TensorMeta, consumers: readonly string[]): void {
    for (const consumerId of consumers) this.traffic.sent(consumerId, tensor.data.byteLength);
    void this.#send(consumers, tensor, meta);
  }

  async #send(consumers: readonly string[], tensor: Tensor, meta: TensorMeta): Promise<void> {
    const { clock, routes } = this.#order;
    const relayed = consumers.filter((id) => this.#relay.has(id));
    const direct = consumers.filter((id) => !relayed.includes(id));
    const dueMs = (id: string): number => dueAt(clock, routes.get(meta.name)?.get(id) as Due, meta.version);
    await Promise.all([
      // Sent as one, however many workers read it.
      relayed.length > 0 && this.#relay.push(tensor, meta, relayed, Math.min(...relayed.map(dueMs))),
      ...direct.map((id) => this.#context.exchange.publish(this.deploymentId, id, tensor, meta, dueMs(id))),
    ]);
  }

  /** A tensor came from another worker: hand it on to neighbours on this host, then to the inference thread. */
  async receive(tensor: Tensor, meta: ReceivedMeta, producerId: string): Promise<void> {
    if (this.#state === 'closed') return;
    const wrong = this.#reads.wrong(tensor, meta.name, producerId);
    if (wrong !== undefined) {
      this.#context.onWrong(this.deploymentId, wrong);
      return;
    }
    const sizeBytes = tensor.data.byteLength;
    this.#context.onReceived(producerId, sizeBytes);
    this.traffic.transferred(meta, producerId, sizeBytes);
    const { jobId, attempt, name, version, sentUs } = meta;
    const neighbours = [...(this.#order.routes.get(name)?.keys() ?? [])];
    if (neighbours.length === 0) {
      if (this.#reads.has(name)) this.#take(tensor, meta);
      return;
    }
    // Two copies exist here: the network's must stay whole until it is sent on, the inference thread's is transferred.
    if (this.#reads.has(name)) this.#take({ ...tensor, data: tensor.data.slice() }, meta);
    for (const consumerId of neighbours) this.traffic.sent(consumerId, sizeBytes);
    await this.#send(neighbours, tensor, { jobId, attempt, name, version, sentUs });
  }

  #take(tensor: Tensor, { jobId, attempt, name, version }: ReceivedMeta): void {
    this.#context.inference.tensor(jobId, attempt, name, version, tensor);
  }

  /** The largest tensor of this name that can be meant: memory is taken for no more. */
  maxBytes(name: string): number {
    return this.#reads.maxBytes(name);
  }

  /** Tensors of a producer can no longer come: the coordinator is told, also where no job runs. */
  lose(producerId: string, error: AsyncDiffError): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'broken') this.#go('broken');
    const { deploymentId } = this;
    this.#context.send({ linkDown: { deploymentId, producerId, message: error.rawMessage } });
  }

  /** Gives it up, also while it opens; resolves when its sessions are released. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const isLoaded = this.#state !== 'waiting';
    this.#go('closed');
    this.#closed.abort(new AsyncDiffError('cancelled', `deployment ${this.deploymentId} was given up`));
    this.#context.secrets.forget(this.deploymentId);
    this.#context.exchange.dropDeployment(this.deploymentId);
    this.#relay.close();
    // Its thread's death is told elsewhere.
    if (isLoaded) await this.#context.inference.unload(this.deploymentId).catch(() => undefined);
    await this.#artifacts.release();
  }

  #go(next: PartState): void {
    checkPartMove(this.#state, next);
    this.#state = next;
  }

  async #dialProducers(): Promise<void> {
    const producers = this.#order.producers.filter(({ relay }) => !relay);
    const results = await Promise.allSettled(producers.map((producer) => this.#dial(producer)));
    const failed = results.flatMap((result, at) =>
      result.status === 'rejected'
        ? [
            {
              id: producers[at]?.workerId ?? '',
              error: AsyncDiffError.from(result.reason, 'peer_unreachable'),
            },
          ]
        : [],
    );
    for (const { id, error } of failed) this.lose(id, error);
    if (failed[0] !== undefined) throw failed[0].error;
  }

  async #dial({ workerId: producerId, address, sameHost }: Peer): Promise<void> {
    const { workerId, link, sharedMemory, inference } = this.#context;
    await ExchangeClient.connect({
      address,
      workerId,
      producerId,
      deploymentId: this.deploymentId,
      secret: this.#order.secret,
      link,
      sharedMemory: sameHost && sharedMemory,
      onTensor: (tensor, meta) => this.receive(tensor, meta, producerId),
      maxBytesOf: (name) => this.maxBytes(name),
      onFrameRing: (fd) => inference.framesFrom(this.deploymentId, producerId, fd),
      onLost: (error) => this.lose(producerId, error),
      signal: this.#closed.signal,
    });
  }
}
