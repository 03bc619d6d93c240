import { availableParallelism } from 'node:os';
import { AsyncDiffError } from '../common/errors/index.js';
import { Deadline, describeWith } from '../common/pending/index.js';
import { type DeclaredDevice, openDeclaredDevice } from '../execution/declared/index.js';
import { loadOrt, parseDevice } from '../execution/index.js';
import {
  channelArguments,
  type LinkOptions,
  parseAddress,
  PROTOCOL_VERSION,
  workerService,
} from '../rpc/index.js';
import { ArtifactSupply, type ControlStream, type FindArtifact } from '../rpc/streams/index.js';
import { ExchangeServer, DeploymentSecrets, hasSharedMemory } from './exchange/index.js';
import type { CoordinatorMessage__Output } from '../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { ArtifactClaim__Output } from '../rpc/gen/asyncdiff/v1/ArtifactClaim.js';
import type { Hello } from '../rpc/gen/asyncdiff/v1/Hello.js';
import type { Welcome__Output } from '../rpc/gen/asyncdiff/v1/Welcome.js';
import type { WorkerHandlers } from '../rpc/gen/asyncdiff/v1/Worker.js';
import type { WorkerMessage } from '../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { ArtifactCache, ArtifactOffers, defaultCacheDir, openJoinedStream } from './artifacts/index.js';
import { Conversation } from './conversation/index.js';
import { describeWorker } from './conversation/index.js';
import { Inference } from './inference/index.js';
import { type JoinLoop, startJoinLoop } from './conversation/index.js';
import { localAddressTowards } from './conversation/index.js';
import { WorkerMetrics } from './metrics.js';
import { probeHandler } from './conversation/index.js';
import type { WorkerOptions, WorkerState } from './worker-options.js';
import { type Access, bidiHandler, type RunningServer, startServer } from '../rpc/server/index.js';

type Control = ControlStream<WorkerMessage, CoordinatorMessage__Output>;

/** A worker: one process, one device, one coordinator at a time. */
export class AsyncDiffWorker {
  readonly metrics = new WorkerMetrics();
  readonly #options: WorkerOptions;
  readonly #server: RunningServer;
  readonly #inference: Inference;
  readonly #exchange: ExchangeServer;
  readonly #secrets: DeploymentSecrets;
  readonly #offers: ArtifactOffers;
  #peerSecret: Uint8Array | undefined;
  readonly #cache: ArtifactCache;
  readonly #hello: Hello;
  readonly #link: LinkOptions;
  readonly #declared: boolean;
  #workerId = '';
  #conversation: Conversation | undefined;
  #control: Control | undefined;
  /** How long the coordinator may be silent. */
  #patience: Deadline | undefined;
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
    options: WorkerOptions,
    parts: {
      server: RunningServer;
      exchange: ExchangeServer;
      secrets: DeploymentSecrets;
      device: DeclaredDevice | undefined;
      hello: Hello;
    },
  ) {
    this.#options = options;
    this.#server = parts.server;
    this.#exchange = parts.exchange;
    this.#secrets = parts.secrets;
    this.#offers = new ArtifactOffers(parts.secrets);
    this.#link = linkOf(options);
    this.#declared = parts.device !== undefined;
    this.#hello = parts.hello;
    this.#cache = new ArtifactCache(options.cacheDir ?? defaultCacheDir(), options.cacheMaxBytes);
    void this.#cache.sweep();
    let die: (error: AsyncDiffError) => void = () => {};
    this.death = new Promise((resolve) => {
      die = resolve;
    });
    this.#die = die;
    this.#inference = new Inference(
      {
        device: options.device ?? 'cpu',
        threads: parts.hello.threads ?? 1,
        timeDilation: parts.device?.timeDilation ?? 0,
      },
      {
        onBoundary: (event) => this.#conversation?.onBoundary(event),
        onNoise: (event) => this.#conversation?.onNoise(event),
        onRoundDone: (event) => this.#conversation?.onRoundDone(event),
        onFault: (event) => this.#conversation?.onFault(event),
        onOpened: (event) => this.#conversation?.onOpened(event),
        onFramesBroken: (event) => this.#conversation?.onFramesBroken(event),
        onDeath: (error) => die(error),
        onReplaced: (error) => options.log.warn({ error: error.rawMessage }, 'inference thread replaced'),
      },
      options.runPatienceMs,
    );
  }

  /** Opens the port and begins to look for a coordinator. Throws `port_in_use`, `address_invalid`, `invalid_settings`, `file_not_found`. */
  static async start(options: WorkerOptions): Promise<AsyncDiffWorker> {
    const { device = 'cpu', threads = Math.max(1, availableParallelism() - 1) } = options;
    if (options.advertise !== undefined) parseAddress(options.advertise);
    if (options.join !== undefined) channelArguments(options.join, linkOf(options));
    const spec = parseDevice(device);
    const declared = spec.kind === 'declared' ? await openDeclaredDevice(spec.profile) : undefined;
    // Told now, not when the first job comes: the runtime may not be installed.
    if (declared === undefined) await loadOrt();
    const listen = options.listen ?? `${await localAddressTowards(options.join ?? '127.0.0.1:1')}:0`;
    // The handlers are needed before the server, the worker after it.
    let worker: AsyncDiffWorker | undefined;
    const secrets = new DeploymentSecrets();
    const exchange = new ExchangeServer({
      secrets,
      producerId: () => worker?.id ?? '',
      onSent: (sent) => {
        worker?.metrics.sent(sent.peer, sent.bytes);
        if (worker !== undefined) worker.#conversation?.onSent(sent);
      },
      onFrameRing: (deploymentId, consumerId, fd) => {
        if (worker !== undefined) worker.#inference.framesTo(deploymentId, consumerId, fd);
      },
    });
    const handlers: WorkerHandlers = {
      Attach: bidiHandler((stream) => worker?.accept(stream)),
      Exchange: exchange.handler,
      FetchArtifacts: bidiHandler((stream) => {
        new ArtifactSupply(stream, { admit: (claim) => (worker as AsyncDiffWorker).#asked(claim) }).serve();
      }),
      SupplyArtifacts: bidiHandler((stream, { metadata }) =>
        (worker as AsyncDiffWorker).#offers.take(stream, metadata),
      ),
      Probe: probeHandler(() => (worker === undefined ? undefined : worker.#peerSecret)),
    };
    const server = await startServer({
      listen,
      services: [{ definition: workerService(), handlers, access: accessTo(options) }],
      ...linkOf(options),
      onRefused: (refusal) => options.log.warn(refusal, 'connection refused'),
    });
    const hello = await describeWorker(options, { device, threads, address: server.address, declared });
    worker = new AsyncDiffWorker(options, { server, exchange, secrets, device: declared, hello });
    worker.#begin();
    if (options.sharedMemory !== false && !hasSharedMemory())
      options.log.info({}, 'no shared memory here: workers of this host exchange tensors over loopback');
    const own = worker;
    describeWith(() => [
      `worker ${own.id || own.#hello.name} at ${own.address}: ${own.state}${own.#conversation?.busy === true ? ', in a job' : ''}`,
    ]);
    return worker;
  }

  /** Its name at the coordinator; empty before it has joined one. */
  get id(): string {
    return this.#workerId;
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
  accept(stream: Control): void {
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
  converse(stream: Control): Promise<{ error: AsyncDiffError | undefined; wasJoined: boolean }> {
    if (this.#control !== undefined || this.#state === 'draining') {
      throw new AsyncDiffError(
        'worker_unreachable',
        `worker ${this.#hello.name} is ${this.#state === 'draining' ? 'draining' : 'attached to another coordinator'}`,
      );
    }
    this.#control = stream;
    return new Promise((resolve) => {
      stream.listen({
        onMessage: (message) => {
          this.#patience?.extend();
          this.#receive(stream, message);
        },
        onClosed: (error) => {
          this.#patience?.clear();
          const wasJoined = this.#conversation !== undefined;
          void this.#left().then(() => resolve({ error, wasJoined }));
        },
      });
      stream.send({ hello: this.#hello });
    });
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

  #receive(stream: Control, message: CoordinatorMessage__Output): void {
    try {
      if (message.batch) {
        for (const each of message.batch.messages) this.#receive(stream, each);
      } else if (message.welcome) this.#welcomed(stream, message.welcome);
      else this.#conversation?.receive(message);
    } catch (error) {
      stream.fail(error);
    }
  }

  #welcomed(stream: Control, { workerId, protocolVersion, silenceMs, peerSecret }: Welcome__Output): void {
    if (protocolVersion !== PROTOCOL_VERSION) {
      throw new AsyncDiffError(
        'protocol_mismatch',
        `the coordinator speaks protocol ${protocolVersion}, this worker ${PROTOCOL_VERSION}`,
      );
    }
    this.#workerId = workerId;
    this.#peerSecret = peerSecret;
    this.#state = 'joined';
    this.#options.log.info({ workerId, coordinator: stream.peer }, 'joined');
    // A coordinator that is cut off without a word: this worker looks for it anew.
    this.#patience = new Deadline(silenceMs, () =>
      stream.fail(
        new AsyncDiffError('coordinator_unreachable', `${stream.peer} has said nothing for ${silenceMs} ms`),
      ),
    );
    this.#conversation = new Conversation({
      workerId,
      inference: this.#inference,
      exchange: this.#exchange,
      secrets: this.#secrets,
      peerSecret,
      cache: this.#cache,
      declared: this.#declared,
      partThread: this.#declared
        ? undefined
        : { device: this.#options.device ?? 'cpu', threads: this.#hello.threads ?? 1 },
      sharedMemory: this.#options.sharedMemory ?? true,
      // Tensors travel in frames of their own sizes, whatever the largest message.
      link: { security: this.#options.security },
      supply: (deploymentId, ask, signal) =>
        this.#options.join === undefined
          ? this.#offers.next(deploymentId, ask, signal)
          : openJoinedStream(this.#options.join, this.#link),
      send: (reply, sizeBytes) => stream.send(reply, sizeBytes),
      drained: (atMostBytes) => stream.drained(atMostBytes),
      onReceived: (producerId, sizeBytes) => this.metrics.received(producerId, sizeBytes),
      onJobEnded: (jobId, report) => this.metrics.jobEnded(jobId, report),
      log: this.#options.log,
    });
  }

  #asked(claim: ArtifactClaim__Output): Promise<FindArtifact> {
    if (this.#conversation !== undefined) return this.#conversation.admit(claim);
    throw new AsyncDiffError('permission_denied', 'this worker is in no deployment');
  }

  async #left(): Promise<void> {
    const conversation = this.#conversation;
    this.#conversation = undefined;
    this.#control = undefined;
    this.#peerSecret = undefined;
    if (this.#state === 'joined') this.#state = 'waiting';
    await conversation?.close();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#state = 'draining';
    this.#server.setHealth('NOT_SERVING');
    this.#joinLoop?.stop();
    const deadlineMs = performance.now() + graceMs;
    while (this.#conversation?.busy === true && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    this.#control?.send({ leaving: { reason: 'it was told to stop' } });
    this.#control?.end();
    await this.#conversation?.close();
    this.#exchange.close();
    await this.#server.drain(1_000);
    this.#isComputing = !(await this.#inference.stop());
    this.#state = 'stopped';
  }
}

function linkOf({ security, maxMessageBytes }: WorkerOptions): LinkOptions {
  return { security, settings: { maxMessageBytes } };
}

/** Whose key each call takes. What workers ask each other for takes what the coordinator has given to those of a plan. */
function accessTo({ join }: WorkerOptions): Readonly<Record<keyof WorkerHandlers, Access>> {
  const fromCoordinator = join === undefined ? 'coordinator' : 'own';
  return {
    Attach: fromCoordinator,
    SupplyArtifacts: fromCoordinator,
    Exchange: 'own',
    Probe: 'own',
    FetchArtifacts: 'own',
  };
}
