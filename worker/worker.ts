import { availableParallelism } from 'node:os';
import { AsyncDiffError } from '../common/errors/index.js';
import { describeWith } from '../common/pending/index.js';
import type { DeclaredDevice } from '../execution/declared/index.js';
import { channelArguments, type LinkOptions, parseAddress } from '../rpc/index.js';
import type { RunningServer } from '../rpc/server/index.js';
import type { CoordinatorStream } from '../rpc/streams/index.js';
import { ArtifactCache, ArtifactOffers, defaultCacheDir, openJoinedStream } from './artifacts/index.js';
import { Attachment, type AttachmentEnd, type AttachmentOptions, type Joined } from './attachment.js';
import {
  Conversation,
  describeWorker,
  type JoinLoop,
  localAddressTowards,
  startJoinLoop,
} from './conversation/index.js';
import { DeploymentSecrets, ExchangeServer, hasSharedMemory } from './exchange/index.js';
import { Inference } from './inference/index.js';
import type { Counted, MovedMetrics } from './moved-metrics.js';
import { openDevice } from './open-device.js';
import type { WorkerOptions, WorkerState } from './worker-options.js';
import { type Callee, linkOf, startWorkerServer } from './worker-server.js';

/** A worker: one process, one device, one coordinator at a time. */
export class AsyncDiffWorker implements Callee {
  readonly #metrics: MovedMetrics | undefined;
  readonly #options: WorkerOptions;
  readonly #server: RunningServer;
  readonly #inference: Inference;
  readonly #exchange: ExchangeServer;
  readonly #secrets: DeploymentSecrets;
  /** For its server. */
  readonly offers: ArtifactOffers;
  readonly #cache: ArtifactCache;
  readonly #hello: AttachmentOptions['hello'];
  readonly #link: LinkOptions;
  /** For its server. */
  readonly attachment: Attachment;
  #joinLoop: JoinLoop | undefined;
  #state: WorkerState = 'starting';
  #stopped: Promise<void> | undefined;
  #isComputing = false;
  /**
   * Resolves if the inference thread dies, or the coordinator speaks another protocol: the process should end, and be
   * started anew by whoever watches it.
   */
  readonly death: Promise<AsyncDiffError>;
  readonly #die: (error: AsyncDiffError) => void;

  private constructor(
    options: WorkerOptions & Counted,
    parts: {
      server: RunningServer;
      exchange: ExchangeServer;
      secrets: DeploymentSecrets;
      device: DeclaredDevice | undefined;
      hello: AttachmentOptions['hello'];
    },
  ) {
    this.#options = options;
    this.#metrics = options.metrics;
    this.#server = parts.server;
    this.#exchange = parts.exchange;
    this.#secrets = parts.secrets;
    this.offers = new ArtifactOffers(parts.secrets);
    this.#link = linkOf(options);
    this.#hello = parts.hello;
    this.#cache = new ArtifactCache(options.cacheDir ?? defaultCacheDir(), options.cacheMaxBytes);
    void this.#cache.sweep();
    let die: (error: AsyncDiffError) => void = () => {};
    this.death = new Promise((resolve) => {
      die = resolve;
    });
    this.#die = die;
    this.attachment = new Attachment({
      hello: parts.hello,
      log: options.log,
      onJoined: (joined) => this.#joined(joined),
      onLeft: () => {
        if (this.#state === 'joined') this.#state = 'waiting';
      },
    });
    this.#inference = new Inference(
      {
        device: options.device ?? 'cpu',
        threads: parts.hello.threads ?? 1,
        timeDilation: parts.device?.timeDilation ?? 0,
      },
      {
        onBoundary: (event) => this.attachment.conversation?.onBoundary(event),
        onOutput: (event) => this.attachment.conversation?.onOutput(event),
        onNoise: (event) => this.attachment.conversation?.onNoise(event),
        onRoundDone: (event) => this.attachment.conversation?.onRoundDone(event),
        onFault: (event) => this.attachment.conversation?.onFault(event),
        onOpened: (event) => this.attachment.conversation?.onOpened(event),
        onFramesBroken: (event) => this.attachment.conversation?.onFramesBroken(event),
        onDeath: (error) => die(error),
        onReplaced: (error) => options.log.warn({ error: error.rawMessage }, 'inference thread replaced'),
      },
      options.runPatienceMs,
    );
  }

  /**
   * Opens device and port, and begins to look for a coordinator. @param signal ends the look at the device
   * Throws `port_in_use`, `address_invalid`, `invalid_settings`, `file_not_found`, `provider_unavailable`.
   */
  static async start(options: WorkerOptions & Counted, signal?: AbortSignal): Promise<AsyncDiffWorker> {
    const { device = 'cpu', threads = Math.max(1, availableParallelism() - 1) } = options;
    if (options.advertise !== undefined) parseAddress(options.advertise);
    if (options.join !== undefined) channelArguments(options.join, linkOf(options));
    // Told now, not when the first job comes.
    const declared = await openDevice(device, signal);
    const listen = options.listen ?? `${await localAddressTowards(options.join ?? '127.0.0.1:1')}:0`;
    // The handlers are needed before the server, the worker after it.
    let worker: AsyncDiffWorker | undefined;
    const secrets = new DeploymentSecrets();
    const exchange = new ExchangeServer({
      secrets,
      producerId: () => worker?.id ?? '',
      onSent: (sent) => {
        options.metrics?.sent(sent.peer, sent.bytes);
        if (worker !== undefined) worker.attachment.conversation?.onSent(sent);
      },
      onFrameRing: (deploymentId, consumerId, fd) => {
        if (worker !== undefined) worker.#inference.framesTo(deploymentId, consumerId, fd);
      },
    });
    const server = await startWorkerServer(options, { listen, exchange, callee: () => worker });
    const hello = await describeWorker(options, { device, threads, address: server.address, declared });
    worker = new AsyncDiffWorker(options, { server, exchange, secrets, device: declared, hello });
    worker.#begin();
    if (options.sharedMemory !== false && !hasSharedMemory())
      options.log.info({}, 'no shared memory here: workers of this host exchange tensors over loopback');
    const own = worker;
    describeWith(() => [
      `worker ${own.id || own.#hello.name} at ${own.address}: ${own.state}${own.attachment.conversation?.busy === true ? ', in a job' : ''}`,
    ]);
    return worker;
  }

  /** Its name at the coordinator; empty before it has joined one. */
  get id(): string {
    return this.attachment.workerId;
  }

  /** HOST:PORT at which it listens. */
  get address(): string {
    return this.#server.address;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /**
   * It was stopped, and a run that cannot be interrupted goes on. `process.exit` would wait for its end, and then take the process down with
   * SIGABRT: only a signal ends such a process.
   */
  get isComputing(): boolean {
    return this.#isComputing;
  }

  /** Finishes the job in progress (up to `graceMs`), tells the coordinator, closes everything. */
  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  /** A coordinator has dialled: refused by throwing, otherwise served until it goes. */
  accept(stream: CoordinatorStream): void {
    // Also while its coordinator is away: it takes jobs from that one and from nobody else.
    if (this.#options.join !== undefined) {
      throw new AsyncDiffError(
        'permission_denied',
        `worker ${this.#hello.name} has joined a coordinator of its own and takes no other`,
        {
          hint: 'Workers that a coordinator dials (`serve --workers`) are started with --listen and without --join.',
        },
      );
    }
    void this.converse(stream).then(() => stream.end());
  }

  /** Talks to a coordinator until the stream ends. Throws `worker_unreachable` if there is one already. */
  converse(stream: CoordinatorStream): Promise<AttachmentEnd> {
    if (this.attachment.isTaken || this.#state === 'draining') {
      throw new AsyncDiffError(
        'worker_unreachable',
        `worker ${this.#hello.name} is ${this.#state === 'draining' ? 'draining' : 'attached to another coordinator'}`,
      );
    }
    return this.attachment.talk(stream);
  }

  #begin(): void {
    this.#state = 'waiting';
    const { join, log } = this.#options;
    if (join === undefined) return;
    this.#joinLoop = startJoinLoop({
      coordinator: join,
      link: this.#link,
      log,
      onRefused: (error) => this.#die(error),
      converse: (stream) => this.converse(stream),
    });
  }

  #joined(joined: Joined): Conversation {
    this.#state = 'joined';
    const { declared = false, threads = 1 } = this.#hello;
    return new Conversation({
      ...joined,
      inference: this.#inference,
      exchange: this.#exchange,
      secrets: this.#secrets,
      cache: this.#cache,
      declared,
      partThread: declared ? undefined : { device: this.#options.device ?? 'cpu', threads },
      sharedMemory: this.#options.sharedMemory ?? true,
      // Tensors travel in frames of their own sizes, whatever the largest message.
      link: { security: this.#options.security },
      supply: (deploymentId, ask, signal) =>
        this.#options.join === undefined
          ? this.offers.next(deploymentId, ask, signal)
          : openJoinedStream(this.#options.join, this.#link),
      onReceived: (producerId, sizeBytes) => this.#metrics?.received(producerId, sizeBytes),
      onJobEnded: (jobId, report) => this.#metrics?.jobEnded(jobId, report),
      log: this.#options.log,
    });
  }

  async #stop(graceMs: number): Promise<void> {
    this.#state = 'draining';
    this.#server.setHealth('NOT_SERVING');
    this.#joinLoop?.stop();
    const deadlineMs = performance.now() + graceMs;
    while (this.attachment.conversation?.busy === true && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await this.attachment.leave('it was told to stop');
    this.#exchange.close();
    await this.#server.drain(1_000);
    this.#isComputing = !(await this.#inference.stop());
    this.#state = 'stopped';
  }
}
