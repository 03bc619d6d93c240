import { Metadata } from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import { ConsumerChannel } from './consumer-channel.js';
import { Egress } from './egress.js';
import { CREDIT_HEADER, type ExchangeCall, SHARED_MEMORY_HEADER } from './exchange-call.js';
import {
  type Chunking,
  DEFAULT_CHUNKING,
  encodeFrames,
  fromServiceError,
  MIB,
  toServiceError,
} from '../../rpc/index.js';
import { onClientEnd } from '../../rpc/streams/index.js';
import type { ExchangeRequest__Output } from '../../rpc/gen/asyncdiff/v1/ExchangeRequest.js';
import type { Subscribe__Output } from '../../rpc/gen/asyncdiff/v1/Subscribe.js';
import type { DeploymentSecrets } from './deployment-secrets.js';
import type { SentTensor } from './sent-tensor.js';
import { RingWriter } from './shared-memory/index.js';

export interface ExchangeServerOptions {
  /** This worker's id, as the coordinator named it; read at each subscription, for it is known only after joining. */
  readonly producerId: () => string;
  /** Bytes that a consumer may have been sent and not have taken over yet. Default 16 MiB. */
  readonly maxInFlightBytes?: number | undefined;
  readonly chunking?: Chunking | undefined;
  /** What consumers must show. Left out: nothing. */
  readonly secrets?: DeploymentSecrets | undefined;
  /** A tensor has left. */
  readonly onSent?: ((sent: SentTensor) => void) | undefined;
  /** A consumer's stream broke; what waited for it was dropped. Not called for a consumer that ends its stream itself. */
  readonly onConsumerLost?:
    | ((deploymentId: string, consumerId: string, error: AsyncDiffError) => void)
    | undefined;
  /**
   * A consumer on this host takes small tensors from its {@link FrameRingWriter}, which is the receiver's to open and close; undefined: it
   * does not any more. What does not go there is published.
   */
  readonly onFrameRing?:
    | ((deploymentId: string, consumerId: string, fd: number | undefined) => void)
    | undefined;
}

export const DEFAULT_MAX_IN_FLIGHT_BYTES: number = 16 * MIB;

/** The producer's side of `Worker.Exchange`: sends each boundary tensor to the consumers that subscribed to its plan. */
export class ExchangeServer {
  readonly #options: ExchangeServerOptions;
  readonly #maxInFlightBytes: number;
  readonly #creditBytes: number;
  readonly #chunking: Chunking;
  readonly #egress = new Egress();
  readonly #plans = new Map<string, Map<string, ConsumerChannel>>();

  constructor(options: ExchangeServerOptions) {
    this.#options = options;
    this.#maxInFlightBytes = options.maxInFlightBytes ?? DEFAULT_MAX_IN_FLIGHT_BYTES;
    this.#creditBytes = Math.max(1, Math.min(MIB, Math.floor(this.#maxInFlightBytes / 16)));
    // Two chunks fit under the cap, so that one can travel while the other is taken over.
    const { wholeBytes, chunkBytes } = options.chunking ?? DEFAULT_CHUNKING;
    this.#chunking = {
      wholeBytes: Math.min(wholeBytes, this.#maxInFlightBytes - this.#creditBytes),
      chunkBytes: Math.max(16, Math.min(chunkBytes, Math.floor(this.#maxInFlightBytes / 32) * 16)),
    };
  }

  /** The handler of the RPC, for `handlers.Exchange`. */
  readonly handler = (call: ExchangeCall): void => {
    let channel: ConsumerChannel | undefined;
    let subscribing = false;
    let isOver = false;
    const fail = (error: AsyncDiffError): void => {
      call.emit('error', toServiceError(error));
    };
    const detach = (): ConsumerChannel | undefined => {
      if (channel?.detach(call) !== true) return undefined;
      if (channel.unused) this.#plans.get(channel.deploymentId)?.delete(channel.consumerId);
      return channel;
    };
    const lost = (error: AsyncDiffError): void => {
      const left = detach();
      if (left !== undefined) this.#options.onConsumerLost?.(left.deploymentId, left.consumerId, error);
    };
    call.on('data', (request: ExchangeRequest__Output) => {
      if (request.message === 'creditBytes') {
        channel?.credit(call, request.creditBytes ?? 0);
      } else if (request.subscribe && !subscribing) {
        subscribing = true;
        const { subscribe } = request;
        const isAdmitted = this.#options.secrets?.check(subscribe.deploymentId, subscribe.secret) ?? true;
        if (isAdmitted === true) open(subscribe);
        else
          void Promise.resolve(isAdmitted).then((isRight) =>
            isRight ? open(subscribe) : fail(stranger(subscribe)),
          );
      } else {
        fail(new AsyncDiffError('protocol_mismatch', 'expected one Subscribe, then credits'));
      }
    });
    const open = (subscribe: Subscribe__Output): void => {
      if (isOver) return;
      const refusal = this.#refusal(subscribe);
      if (refusal !== undefined) return fail(refusal);
      const { deploymentId, workerId, ringName: name, ringKey: key, takesFrames } = subscribe;
      const ring = name === '' ? undefined : RingWriter.open({ name, key });
      const headers = new Metadata();
      headers.set(CREDIT_HEADER, String(this.#creditBytes));
      if (ring !== undefined) headers.set(SHARED_MEMORY_HEADER, '1');
      call.sendMetadata(headers);
      channel = this.#channel(deploymentId, workerId);
      channel.attach(call, ring);
      const frames = takesFrames && this.#options.onFrameRing !== undefined ? ring?.reopen() : undefined;
      if (frames !== undefined) this.#options.onFrameRing?.(deploymentId, workerId, frames);
    };
    onClientEnd(call, (broken) => {
      isOver = true;
      if (broken) {
        lost(new AsyncDiffError('worker_lost', `${describe(channel)} went away in the middle of its stream`));
      } else {
        detach();
        call.end();
      }
    });
    call.on('error', (error) => lost(fromServiceError(error, 'worker_lost')));
  };

  /**
   * Sends a tensor to a consumer, or keeps it until that subscribes. The data is not copied: it must stay as it is until
   * the promise settles (true: the network has every byte; false: dropped with its plan or its consumer). Never rejects.
   *
   * @param dueMs when it is waited for, compared with that of others only: the smallest leaves first
   */
  publish(
    deploymentId: string,
    consumerId: string,
    tensor: Tensor,
    meta: TensorMeta,
    dueMs = 0,
  ): Promise<boolean> {
    return this.#channel(deploymentId, consumerId).push(encodeFrames(meta, tensor, this.#chunking), dueMs);
  }

  /** Tensor bytes sent under a plan, by consumer. */
  sentBytes(deploymentId: string): ReadonlyMap<string, number> {
    const channels = this.#plans.get(deploymentId)?.values() ?? [];
    return new Map([...channels].map((channel) => [channel.consumerId, channel.sentBytes]));
  }

  /** What waits for or travels to a consumer; undefined for one that is not known. */
  channel(deploymentId: string, consumerId: string): ChannelState | undefined {
    return this.#plans.get(deploymentId)?.get(consumerId);
  }

  /** Ends the streams of a plan and drops what waits. */
  dropDeployment(deploymentId: string): void {
    const channels = this.#plans.get(deploymentId)?.values() ?? [];
    this.#plans.delete(deploymentId);
    for (const channel of channels) channel.close();
  }

  /** Ends one consumer's stream, with `error` as its reason if given, and drops what waits for it. */
  closeConsumer(deploymentId: string, consumerId: string, error?: AsyncDiffError): void {
    const channel = this.#plans.get(deploymentId)?.get(consumerId);
    this.#plans.get(deploymentId)?.delete(consumerId);
    channel?.close(error);
  }

  close(): void {
    for (const deploymentId of this.#plans.keys()) this.dropDeployment(deploymentId);
  }

  #refusal(subscribe: Subscribe__Output): AsyncDiffError | undefined {
    const producerId = this.#options.producerId();
    if (subscribe.producerId === producerId) return undefined;
    return new AsyncDiffError(
      'peer_unreachable',
      `worker '${subscribe.workerId}' looked for worker '${subscribe.producerId}' and found worker '${producerId}'`,
      { hint: 'Two workers advertise the same address: give each its own --advertise HOST:PORT.' },
    );
  }

  #channel(deploymentId: string, consumerId: string): ConsumerChannel {
    let consumers = this.#plans.get(deploymentId);
    if (consumers === undefined) this.#plans.set(deploymentId, (consumers = new Map()));
    let channel = consumers.get(consumerId);
    if (channel === undefined) {
      channel = new ConsumerChannel({
        deploymentId,
        consumerId,
        maxInFlightBytes: this.#maxInFlightBytes,
        creditBytes: this.#creditBytes,
        egress: this.#egress,
        onSent: (sent) => this.#options.onSent?.(sent),
        onRingClosed: () => this.#options.onFrameRing?.(deploymentId, consumerId, undefined),
      });
      consumers.set(consumerId, channel);
    }
    return channel;
  }
}

/** What can be read off a channel. */
type ChannelState = Pick<ConsumerChannel, 'attached' | 'sentBytes' | 'queuedBytes' | 'peakInFlightBytes'>;

function stranger({ workerId, deploymentId }: Subscribe__Output): AsyncDiffError {
  return new AsyncDiffError(
    'permission_denied',
    `'${workerId.slice(0, 64)}' has not been told by this worker's coordinator to take tensors of deployment '${deploymentId.slice(0, 64)}'`,
    {
      hint: 'Workers exchange tensors for the coordinator that both have joined, and only while it has deployed the plan.',
    },
  );
}

function describe(channel: ConsumerChannel | undefined): string {
  return channel === undefined ? 'a consumer' : `worker '${channel.consumerId}'`;
}
