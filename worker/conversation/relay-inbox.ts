import type { Tensor } from '../../common/tensor/index.js';
import {
  FrameAssembler,
  type IncomingFrame,
  type ReceivedMeta,
  relayCreditBytes,
  relayedBytes,
} from '../../rpc/streams/index.js';

interface RelayInboxOptions {
  /** What each producer may have on the way. */
  readonly windowBytes: number;
  /** The largest tensor of a name that can be meant. */
  readonly maxBytesOf: (name: string) => number;
  /** A tensor is here. Its producer may send more in its place when the promise settles. */
  readonly onTensor: (tensor: Tensor, meta: ReceivedMeta, producerId: string) => Promise<void>;
  /** Tells the producer that so many bytes of it have been taken over. */
  readonly credit: (producerId: string, bytes: number) => void;
}

interface Producer {
  readonly assembler: FrameAssembler;
  pendingCreditBytes: number;
}

/** Tensors of one attempt that come through the coordinator. */
export class RelayInbox {
  readonly #options: RelayInboxOptions;
  readonly #creditBytes: number;
  readonly #producers = new Map<string, Producer>();

  constructor(options: RelayInboxOptions) {
    this.#options = options;
    this.#creditBytes = relayCreditBytes(options.windowBytes);
  }

  /** Takes the next frame of a producer. Throws `protocol_mismatch`, `message_too_large`, and what `onTensor` throws. */
  async take(frame: IncomingFrame, producerId: string): Promise<void> {
    let producer = this.#producers.get(producerId);
    if (producer === undefined)
      this.#producers.set(
        producerId,
        (producer = { assembler: new FrameAssembler(), pendingCreditBytes: 0 }),
      );
    const bytes = relayedBytes(frame);
    const received = producer.assembler.accept(frame, this.#options.maxBytesOf(frame.name));
    if (received !== undefined) await this.#options.onTensor(received.tensor, received.meta, producerId);
    this.#credit(producerId, producer, bytes);
  }

  /** Credit goes out once it is worth a message. */
  #credit(producerId: string, producer: Producer, bytes: number): void {
    producer.pendingCreditBytes += bytes;
    if (producer.pendingCreditBytes < this.#creditBytes) return;
    this.#options.credit(producerId, producer.pendingCreditBytes);
    producer.pendingCreditBytes = 0;
  }
}
