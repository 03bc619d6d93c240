import { closeSync } from 'node:fs';
import { type ClientDuplexStream, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { CREDIT_HEADER, SHARED_MEMORY_HEADER } from './exchange-call.js';
import { frameError, fromServiceError } from '../../rpc/index.js';
import { type AssemblerLimits, FrameAssembler, type ReceivedMeta } from '../../rpc/streams/index.js';
import type { ExchangeRequest } from '../../rpc/gen/asyncdiff/v1/ExchangeRequest.js';
import type { TensorFrame__Output } from '../../rpc/gen/asyncdiff/v1/TensorFrame.js';
import { type LinkOptions, openWorkerChannel, type WorkerChannel } from '../../rpc/index.js';
import { type RingOffer, RingReader } from './shared-memory/index.js';

export interface ExchangeClientOptions {
  /** The producer's address, HOST:PORT. */
  readonly address: string;
  /** This worker. */
  readonly workerId: string;
  /** The worker that must be found there. */
  readonly producerId: string;
  readonly deploymentId: string;
  /** The deployment's, for the producer to know this worker by. */
  readonly secret?: Uint8Array | undefined;
  /**
   * A tensor is here. The producer may send more in its place when this returns, or when the promise that it returns
   * settles. The tensor is the receiver's own: it may be transferred (see `transferableTensor`).
   */
  readonly onTensor: (tensor: Tensor, meta: ReceivedMeta) => void | Promise<void>;
  /** The stream ended and nobody here asked for it; called once, after `connect` has resolved. */
  readonly onLost: (error: AsyncDiffError) => void;
  /** Closes the stream when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Offer shared memory: the producer is on this host. Where it cannot be reached, tensors come over the network all the same. */
  readonly sharedMemory?: boolean | undefined;
  /** Small tensors of a producer on this host come through the `FrameRingReader` of this file, which is the receiver's to close. */
  readonly onFrameRing?: ((fd: number) => void) | undefined;
  /** Time for the producer to answer. Default 5 s. */
  readonly timeoutMs?: number | undefined;
  readonly limits?: AssemblerLimits | undefined;
  /** The largest tensor of a name that can be meant: one that is announced larger ends the stream before memory is taken for it. */
  readonly maxBytesOf?: ((name: string) => number) | undefined;
  readonly link?: LinkOptions | undefined;
}

type Call = ClientDuplexStream<ExchangeRequest, TensorFrame__Output>;

const DEFAULT_TIMEOUT_MS = 5_000;
const CLOSE_GRACE_MS = 2_000;
const NO_SECRET = new Uint8Array(0);
const NO_RING: RingOffer = { name: '', key: new Uint8Array(0) };

/** The consumer's side of `Worker.Exchange`. It dials the producer, so that bulk flows under this side's open window. */
export class ExchangeClient {
  readonly #options: ExchangeClientOptions;
  readonly #client: WorkerChannel;
  readonly #call: Call;
  readonly #assembler: FrameAssembler;
  /** Shared memory with the producer: offered, then used or given up. */
  #ring: RingReader | undefined;
  /** Its file once more, until it is handed on. */
  #frames: number | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #receivedBytes = 0;
  #pendingCreditBytes = 0;
  #creditTimer: NodeJS.Immediate | undefined;
  /** Credit that is worth a message; the producer says. */
  #creditBytes = 1;
  #stopListening: (() => void) | undefined;

  private constructor(options: ExchangeClientOptions) {
    this.#options = options;
    this.#assembler = new FrameAssembler(options.limits);
    this.#client = openWorkerChannel(options.address, options.link);
    this.#call = this.#client.exchange();
    if (options.sharedMemory === true) this.#ring = RingReader.create();
    if (options.onFrameRing !== undefined) this.#frames = this.#ring?.reopen();
  }

  /**
   * Subscribes to a producer's tensors; resolves when the producer has confirmed.
   *
   * @throws AsyncDiffError `peer_unreachable`, naming both sides; `cancelled`
   */
  static async connect(options: ExchangeClientOptions): Promise<ExchangeClient> {
    if (options.signal?.aborted) throw AsyncDiffError.from(options.signal.reason, 'cancelled');
    const client = new ExchangeClient(options);
    await client.#open();
    return client;
  }

  get producerId(): string {
    return this.#options.producerId;
  }

  /** Whether large tensors come through shared memory. */
  get sharesMemory(): boolean {
    return this.#ring !== undefined;
  }

  /** Tensor bytes received so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Tells the producer that nothing more is wanted. `onLost` is not called. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#shut();
    this.#call.end();
    // The producer answers by ending its side; one that does not is not waited for.
    setTimeout(() => this.#call.cancel(), CLOSE_GRACE_MS).unref();
  }

  #open(): Promise<void> {
    const { workerId, producerId, deploymentId, secret = NO_SECRET, signal } = this.#options;
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const fail = (error: AsyncDiffError): void => {
        if (this.#state === 'closed') return;
        const opened = this.#state === 'open';
        clearTimeout(timer);
        this.#shut();
        this.#call.cancel();
        if (opened) this.#options.onLost(error);
        else reject(error);
      };
      const timer = setTimeout(() => {
        fail(this.#unreachable(`no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      const onAbort = (): void => {
        if (this.#state === 'open') this.close();
        else fail(AsyncDiffError.from(signal?.reason, 'cancelled'));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#stopListening = () => signal?.removeEventListener('abort', onAbort);

      this.#call.on('metadata', (headers: Metadata) => {
        if (this.#state !== 'connecting') return;
        this.#settleRing(headers.get(SHARED_MEMORY_HEADER).length > 0);
        this.#creditBytes = Number(headers.get(CREDIT_HEADER)[0]) || 1;
        clearTimeout(timer);
        this.#state = 'open';
        resolve();
      });
      this.#call.on('data', (frame: TensorFrame__Output) => {
        try {
          this.#take(frame, fail);
        } catch (error) {
          fail(AsyncDiffError.from(error));
        }
      });
      this.#call.on('end', () => fail(this.#lost('it ended the stream')));
      this.#call.on('error', (error: ServiceError) => fail(this.#mapError(error)));
      const { name: ringName, key: ringKey } = this.#ring?.offer ?? NO_RING;
      const takesFrames = this.#frames !== undefined;
      this.#call.write({
        subscribe: { workerId, deploymentId, producerId, ringName, ringKey, takesFrames, secret },
      });
    });
  }

  #settleRing(isOpenThere: boolean): void {
    if (!isOpenThere) return this.#closeRing();
    this.#ring?.unlink();
    if (this.#frames !== undefined) this.#options.onFrameRing?.(this.#frames);
    this.#frames = undefined;
  }

  #closeRing(): void {
    this.#ring?.close();
    this.#ring = undefined;
    if (this.#frames !== undefined) closeSync(this.#frames);
    this.#frames = undefined;
  }

  #take(frame: TensorFrame__Output, fail: (error: AsyncDiffError) => void): void {
    if (this.#state === 'closed') return;
    if (frame.sharedBytes > 0) {
      if (this.#ring === undefined) throw frameError('a tensor in shared memory that there is not');
      frame.data = this.#ring.read(frame.sharedOffsetBytes, frame.sharedBytes);
    }
    const bytes = frame.data.byteLength;
    this.#receivedBytes += bytes;
    const received = this.#assembler.accept(frame, this.#options.maxBytesOf?.(frame.name));
    if (received === undefined) {
      this.#credit(bytes);
      return;
    }
    const taken = this.#options.onTensor(received.tensor, received.meta);
    if (taken === undefined) this.#credit(bytes);
    else {
      taken.then(
        () => this.#credit(bytes),
        (error: unknown) => fail(AsyncDiffError.from(error)),
      );
    }
  }

  /** Credit goes out once it is worth a message, which costs both sides as much as a small tensor. */
  #credit(bytes: number): void {
    this.#pendingCreditBytes += bytes;
    if (this.#pendingCreditBytes >= this.#creditBytes)
      this.#creditTimer ??= setImmediate(() => this.#sendCredit());
  }

  #sendCredit(): void {
    this.#creditTimer = undefined;
    const creditBytes = this.#pendingCreditBytes;
    this.#pendingCreditBytes = 0;
    if (this.#state === 'open' && creditBytes > 0) this.#call.write({ creditBytes });
  }

  #shut(): void {
    this.#state = 'closed';
    clearImmediate(this.#creditTimer);
    this.#stopListening?.();
    this.#assembler.clear();
    this.#closeRing();
    this.#client.close();
  }

  #mapError(error: ServiceError): AsyncDiffError {
    if (this.#state === 'open') {
      return error.code === status.UNAVAILABLE || error.code === status.CANCELLED
        ? this.#lost(error.details)
        : fromServiceError(error, 'worker_lost');
    }
    const own = fromServiceError(error, 'peer_unreachable');
    return own.code === 'peer_unreachable' ? this.#unreachable(error.details, error, own.hint) : own;
  }

  #unreachable(why: string, cause?: unknown, hint?: string): AsyncDiffError {
    const { address, workerId, producerId } = this.#options;
    return new AsyncDiffError(
      'peer_unreachable',
      `worker '${workerId}' cannot reach worker '${producerId}' at ${address}: ${why}`,
      { cause, hint },
    );
  }

  #lost(why: string): AsyncDiffError {
    const { address, workerId, producerId } = this.#options;
    return new AsyncDiffError(
      'worker_lost',
      `worker '${workerId}' lost worker '${producerId}' at ${address}: ${why}`,
    );
  }
}
