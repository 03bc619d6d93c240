import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import type { PartOrder } from '../../protocol/index.js';
import { encodeFrames } from '../../rpc/index.js';
import {
  type IncomingFrame,
  type ReceivedMeta,
  RELAY_CHUNKING,
  type SendToCoordinator,
} from '../../rpc/streams/index.js';
import { RelayInbox } from './relay-inbox.js';
import { RelayOutbox } from './relay-outbox.js';

interface PartRelayOptions {
  readonly send: SendToCoordinator;
  /** Resolves when the network has taken all but so many bytes of what was sent; throws when it takes no more. */
  readonly drained: (atMostBytes: number) => Promise<void>;
  /** The largest tensor of a name that can be meant. */
  readonly maxBytesOf: (name: string) => number;
  /** A tensor is here, of that producer. */
  readonly onTensor: (tensor: Tensor, meta: ReceivedMeta, producerId: string) => Promise<void>;
}

/** What a part of a deployment sends and gets through the coordinator, attempt by attempt. */
export class PartRelay {
  readonly #options: PartRelayOptions;
  readonly #windowBytes: number;
  readonly #relayedTo: ReadonlySet<string>;
  readonly #outbox: RelayOutbox;
  #inbox: RelayInbox | undefined;
  /** The present attempt; undefined where there is none. Tensors of older ones are dropped. */
  #job: { readonly jobId: string; readonly attempt: number } | undefined;

  constructor(
    { relayedTo, relayWindowBytes }: Pick<PartOrder, 'relayedTo' | 'relayWindowBytes'>,
    options: PartRelayOptions,
  ) {
    this.#options = options;
    this.#windowBytes = relayWindowBytes;
    this.#relayedTo = relayedTo;
    this.#outbox = new RelayOutbox({
      windowBytes: relayWindowBytes,
      send: (frame, to) =>
        options.send({ relayedFrame: { toWorkerIds: [...to], frame } }, frame.data.byteLength),
      drained: options.drained,
    });
  }

  /** Whether tensors go to that worker through the coordinator. */
  has(consumerId: string): boolean {
    return this.#relayedTo.has(consumerId);
  }

  /** Another attempt begins, of which nothing is on its way. */
  begin({ jobId, attempt }: { readonly jobId: string; readonly attempt: number }): void {
    this.#outbox.clear();
    this.#job = { jobId, attempt };
    this.#inbox = new RelayInbox({
      windowBytes: this.#windowBytes,
      maxBytesOf: this.#options.maxBytesOf,
      onTensor: this.#options.onTensor,
      credit: (workerId, bytes) =>
        this.#isCurrent({ jobId, attempt }) &&
        this.#options.send({ relayCredit: { jobId, attempt, workerId, bytes } }),
    });
  }

  /** Nothing more is sent or taken. */
  close(): void {
    this.#job = undefined;
    this.#inbox = undefined;
    this.#outbox.clear();
  }

  /** Sends a tensor; its data must stay as it is until the promise settles. Never rejects. */
  async push(tensor: Tensor, meta: TensorMeta, consumers: readonly string[], dueMs: number): Promise<void> {
    if (!this.#isCurrent(meta)) return;
    await this.#outbox.push(encodeFrames(meta, tensor, RELAY_CHUNKING), consumers, dueMs);
  }

  /** A consumer has taken over so much of what it was sent. */
  credit(consumerId: string, bytes: number): void {
    this.#outbox.credit(consumerId, bytes);
  }

  /** A frame of the present attempt came. Throws what is wrong with it. */
  async take(frame: IncomingFrame, producerId: string): Promise<void> {
    await this.#inbox?.take(frame, producerId);
  }

  #isCurrent({ jobId, attempt }: { readonly jobId: string; readonly attempt: number }): boolean {
    return this.#job?.jobId === jobId && this.#job.attempt === attempt;
  }
}
