import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import { clockMs, type SegmentSpec } from '../../execution/index.js';
import type { OptimizationLevel } from '../../execution/index.js';
import { type Due, dueAt, type DueClock, isLatents } from '../../program/index.js';
import { fromRouteMessage, fromSegmentMessage } from '../../protocol/index.js';
import { encodeFrames, type LinkOptions } from '../../rpc/index.js';
import { type ReceivedMeta } from '../../rpc/streams/index.js';
import { ExchangeClient, type ExchangeServer } from '../exchange/index.js';
import type { Deploy__Output } from '../../rpc/gen/asyncdiff/v1/Deploy.js';
import type { WorkerMessage } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import type { ArtifactCache } from './artifact-cache.js';
import type { Inference } from '../inference/index.js';
import { Traffic } from '../exchange/index.js';

export interface DeploymentContext {
  readonly workerId: string;
  readonly inference: Inference;
  readonly exchange: ExchangeServer;
  readonly cache: ArtifactCache;
  readonly declared: boolean;
  /** Whether tensors of workers on this host may come through shared memory. */
  readonly sharedMemory: boolean;
  /** How other workers are dialled. */
  readonly link: LinkOptions;
  readonly send: (message: WorkerMessage, sizeBytes?: number) => void;
  readonly onLost: (planId: string, error: AsyncDiffError) => void;
  /** A boundary tensor came in (for metrics). */
  readonly onReceived: (producerId: string, sizeBytes: number) => void;
}

/** This worker's part of one plan: its sessions, and where its boundary tensors come from and go to. */
export class Deployment {
  readonly planId: string;
  readonly segments: readonly SegmentSpec[];
  /** The segments by id. */
  readonly specs: ReadonlyMap<string, SegmentSpec>;
  /** What passes the network thread. */
  readonly traffic = new Traffic();
  /** Why no further job can run under it: a producer went away. */
  broken: AsyncDiffError | undefined;
  readonly #context: DeploymentContext;
  readonly #relay: boolean;
  readonly #optimizationLevel: OptimizationLevel;
  readonly #producers: Deploy__Output['producers'];
  readonly #routes: ReadonlyMap<string, ReadonlyMap<string, Due>>;
  readonly #clock: DueClock;
  readonly #isReadHere: (name: string) => boolean;
  readonly #artifacts: Deploy__Output['artifacts'];
  /** Where the artifacts lie on this host. */
  readonly #ranges = new Map<string, FileRange>();
  readonly #clients: ExchangeClient[] = [];

  constructor(message: Deploy__Output, context: DeploymentContext) {
    this.planId = message.planId;
    this.segments = message.segments.map(fromSegmentMessage);
    this.specs = new Map(this.segments.map((segment) => [segment.id, segment]));
    this.#context = context;
    this.#relay = message.relay;
    this.#optimizationLevel = message.optimizationLevel as OptimizationLevel;
    this.#producers = message.producers;
    this.#artifacts = message.artifacts;
    this.#routes = new Map(message.routes.map((route) => [route.name, fromRouteMessage(route)]));
    this.#clock = { roundMs: message.roundMs, stepMs: message.stepMs };
    const reads = new Set(this.segments.flatMap(({ boundaryReads }) => boundaryReads));
    const readsSample = this.segments.some(({ sampleInput }) => sampleInput !== '');
    this.#isReadHere = (name) => (isLatents(name) ? readsSample : reads.has(name));
  }

  /**
   * Looks for the graphs and tensors on this host: in the cache, and where the coordinator says that it has them. What is found is what its
   * name says.
   *
   * @returns SHA-256 of those that have to be sent
   */
  async locate(): Promise<string[]> {
    if (this.#context.declared) return [];
    const { cache } = this.#context;
    const elsewhere = new Map<string, FileRange>();
    for (const { sha256, path, offsetBytes, sizeBytes } of this.#artifacts) {
      const kept = await cache.find(sha256);
      if (kept !== undefined) this.take(sha256, kept);
      else if (path !== '') elsewhere.set(sha256, { path, offsetBytes, lengthBytes: sizeBytes });
    }
    for (const [sha256, range] of await cache.confirm(elsewhere)) this.take(sha256, range);
    return this.#artifacts.map(({ sha256 }) => sha256).filter((sha256) => !this.#ranges.has(sha256));
  }

  /** An artifact is here. */
  take(sha256: string, range: FileRange): void {
    this.#ranges.set(sha256, range);
  }

  /** Opens the sessions and dials the producers; milliseconds of one run by segment. */
  async open(): Promise<Readonly<Record<string, number>>> {
    const { inference } = this.#context;
    const [segmentMs] = await Promise.all([
      inference.load({
        planId: this.planId,
        segments: this.segments.map((spec) => ({
          spec,
          graphPath: this.#ranges.get(spec.sha256)?.path ?? '',
        })),
        tensors: this.#ranges,
        optimizationLevel: this.#optimizationLevel,
        readers: Object.fromEntries([...this.#routes].map(([name, to]) => [name, [...to.keys()]])),
      }),
      this.#dialProducers(),
    ]);
    return segmentMs;
  }

  /** A tensor that was computed here goes to these workers. Its memory must stay as it is. */
  publish(tensor: Tensor, meta: TensorMeta, consumers: readonly string[]): void {
    for (const consumerId of consumers) this.traffic.sent(consumerId, tensor.data.byteLength);
    if (this.#relay) {
      // Once to the coordinator, however many workers read it.
      for (const frame of encodeFrames(meta, tensor)) {
        this.#context.send({ relayedFrame: { toWorkerIds: [...consumers], frame } }, frame.data.byteLength);
      }
      return;
    }
    for (const consumerId of consumers) void this.#send(consumerId, tensor, meta);
  }

  #send(consumerId: string, tensor: Tensor, meta: TensorMeta): Promise<boolean> {
    const due = this.#routes.get(meta.name)?.get(consumerId) as Due;
    const dueMs = dueAt(this.#clock, due, meta.version);
    return this.#context.exchange.publish(this.planId, consumerId, tensor, meta, dueMs);
  }

  /** A tensor came from another worker: hand it on to neighbours on this host, then to the inference thread. */
  async receive(tensor: Tensor, meta: ReceivedMeta, producerId: string): Promise<void> {
    const sizeBytes = tensor.data.byteLength;
    this.#context.onReceived(producerId, sizeBytes);
    this.#traceTransfer(meta, producerId, sizeBytes);
    const { jobId, attempt, name, version, sentUs } = meta;
    const neighbours = this.#relay ? [] : [...(this.#routes.get(name)?.keys() ?? [])];
    if (neighbours.length === 0) {
      if (this.#isReadHere(name)) this.#take(tensor, meta);
      return;
    }
    // Two copies exist here: the network's must stay whole until it is sent on, the inference thread's is transferred.
    if (this.#isReadHere(name)) this.#take({ ...tensor, data: tensor.data.slice() }, meta);
    for (const consumerId of neighbours) this.traffic.sent(consumerId, sizeBytes);
    await Promise.all(
      neighbours.map((id) => this.#send(id, tensor, { jobId, attempt, name, version, sentUs })),
    );
  }

  #take(tensor: Tensor, { jobId, attempt, name, version }: ReceivedMeta): void {
    this.#context.inference.tensor(jobId, attempt, name, version, tensor);
  }

  /** Tensors of a producer can no longer come. */
  lose(error: AsyncDiffError): void {
    this.#context.onLost(this.planId, error);
  }

  close(): void {
    for (const client of this.#clients) client.close();
    this.#context.exchange.dropPlan(this.planId);
    // Its death is told elsewhere.
    void this.#context.inference.unload(this.planId).catch(() => undefined);
  }

  async #dialProducers(): Promise<void> {
    if (this.#relay) return;
    await Promise.all(
      this.#producers.map(async ({ workerId: producerId, address, sameHost }) => {
        if (address === '') {
          throw new AsyncDiffError(
            'peer_unreachable',
            `worker '${producerId}' has no address that worker '${this.#context.workerId}' could dial`,
          );
        }
        const client = await ExchangeClient.connect({
          address,
          workerId: this.#context.workerId,
          producerId,
          planId: this.planId,
          link: this.#context.link,
          sharedMemory: sameHost && this.#context.sharedMemory,
          onTensor: (tensor, meta) => this.receive(tensor, meta, producerId),
          onFrameRing: (fd) => this.#context.inference.framesFrom(this.planId, producerId, fd),
          onLost: (error) => this.lose(error),
        });
        this.#clients.push(client);
      }),
    );
  }

  #traceTransfer(meta: ReceivedMeta, producerId: string, sizeBytes: number): void {
    // Begins on the producer's clock and ends on ours; whoever merges traces knows both offsets.
    const startMs = meta.sentUs / 1000;
    this.traffic.addSpan({
      name: meta.name,
      category: 'transfer',
      startMs,
      durationMs: clockMs() - startMs,
      round: meta.version,
      sizeBytes,
      peer: producerId,
    });
  }
}
