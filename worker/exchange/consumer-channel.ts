import { performance } from 'node:perf_hooks';
import { DueQueue, type QueuedTensor } from './due-queue.js';
import type { Egress, Sender } from './egress.js';
import type { ExchangeCall } from './exchange-call.js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { MIB, type OutgoingFrame, toServiceError } from '../../rpc/index.js';
import { FrameWriter } from './frame-writer.js';
import { MIN_SHARED_BYTES, SharedFrameWriter } from './shared-frame-writer.js';
import type { SentTensor } from './sent-tensor.js';
import type { RingWriter } from './shared-memory/index.js';

interface ConsumerChannelOptions {
  readonly deploymentId: string;
  readonly consumerId: string;
  readonly maxInFlightBytes: number;
  /** The consumer credits once it has taken over so many. */
  readonly creditBytes: number;
  readonly egress: Egress;
  readonly onSent: (sent: SentTensor) => void;
  /** The shared memory that the consumer had offered is given up. */
  readonly onRingClosed: () => void;
}

/** What leaves before another consumer may have its turn: a millisecond at 10 Gb/s. */
const SLICE_BYTES = MIB;

/**
 * The way from this producer to one consumer: tensors leave in the order in which they are due, as long as the bytes that
 * the consumer has not yet taken over stay within the cap, and when it is this consumer's turn.
 */
export class ConsumerChannel implements Sender {
  readonly deploymentId: string;
  readonly consumerId: string;
  readonly #options: ConsumerChannelOptions;
  readonly #queue = new DueQueue();
  #call: ExchangeCall | undefined;
  /** The frame that was begun. */
  #writer: FrameWriter | SharedFrameWriter | undefined;
  /** Shared memory with the consumer, if it is on this host. */
  #ring: RingWriter | undefined;
  #writing = false;
  /** Makes way for other consumers' frames. */
  #release: (() => void) | undefined;
  #inFlightBytes = 0;
  #sentBytes = 0;
  #peakInFlightBytes = 0;

  constructor(options: ConsumerChannelOptions) {
    this.deploymentId = options.deploymentId;
    this.consumerId = options.consumerId;
    this.#options = options;
  }

  get attached(): boolean {
    return this.#call !== undefined;
  }

  /** Tensor bytes given to the network so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes that wait here. */
  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Whether nothing was ever asked of it. */
  get unused(): boolean {
    return this.#sentBytes === 0 && this.#queue.isEmpty;
  }

  /** Most bytes that were ever sent and not yet credited. */
  get peakInFlightBytes(): number {
    return this.#peakInFlightBytes;
  }

  /** Resolves to true when the network has taken the last byte, to false if the tensor was dropped. */
  push(frames: readonly OutgoingFrame[], dueMs: number): Promise<boolean> {
    const sent = this.#queue.push(frames, dueMs);
    this.#pump();
    return sent;
  }

  /** The consumer's call, which replaces an older one, and its ring if there is one. */
  attach(call: ExchangeCall, ring?: RingWriter): void {
    const older = this.#call;
    this.#call = call;
    this.#closeRing();
    this.#ring = ring;
    this.#inFlightBytes = 0;
    this.#writer = undefined;
    this.#stopWriting();
    // What was begun on the older call starts again.
    this.#queue.restart();
    older?.end();
    this.#pump();
  }

  credit(call: ExchangeCall, bytes: number): void {
    if (call !== this.#call) return;
    this.#inFlightBytes = Math.max(0, this.#inFlightBytes - bytes);
    this.#pump();
  }

  /** Whether `call` was the present one; what waits is dropped with it, for a part of it may be lost. */
  detach(call: ExchangeCall): boolean {
    if (call !== this.#call) return false;
    this.#call = undefined;
    this.#drop();
    return true;
  }

  /** Ends the call, with an error if one is given, and drops what waits. */
  close(error?: AsyncDiffError): void {
    const call = this.#call;
    this.#call = undefined;
    this.#drop();
    if (call === undefined) return;
    if (error === undefined) call.end();
    else call.emit('error', toServiceError(error));
  }

  #drop(): void {
    this.#queue.drop();
    this.#inFlightBytes = 0;
    this.#writer = undefined;
    this.#closeRing();
    this.#options.egress.withdraw(this);
    this.#stopWriting();
  }

  #closeRing(): void {
    if (this.#ring === undefined) return;
    this.#ring.close();
    this.#ring = undefined;
    this.#options.onRingClosed();
  }

  #stopWriting(): void {
    this.#writing = false;
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  #pump(): void {
    if (this.#canSend) this.#options.egress.request(this);
  }

  /**
   * Whether a frame, or the rest of one, can go. A frame above the cap goes alone; it could never go otherwise. What is not
   * worth a credit is as good as none in flight.
   */
  get #canSend(): boolean {
    if (this.#call === undefined || this.#writing) return false;
    if (this.#writer !== undefined) return true;
    const tensor = this.#queue.first;
    const frame = tensor?.frames[tensor.next];
    if (frame === undefined) return false;
    const { maxInFlightBytes, creditBytes } = this.#options;
    return (
      this.#inFlightBytes < creditBytes || this.#inFlightBytes + frame.data.byteLength <= maxInFlightBytes
    );
  }

  /** Of what waits here, be it behind a tensor that was begun; see {@link Sender}. */
  get dueMs(): number {
    return this.#queue.dueMs;
  }

  send(done: () => void): boolean {
    const call = this.#call;
    const tensor = this.#queue.first;
    if (!this.#canSend || call === undefined || tensor === undefined) return false;
    this.#release = done;
    this.#writing = true;
    const writeMs = performance.now();
    const writer = this.#writer ?? this.#begin(call, tensor, writeMs);
    const bytes = writer.write(SLICE_BYTES, (error) => {
      // A broken stream also says 'cancelled', and is let go there.
      if (call !== this.#call || error) return;
      this.#sentBytes += bytes;
      this.#queue.sent(bytes);
      if (writer.isWritten) {
        this.#writer = undefined;
        if (tensor.next === tensor.frames.length) this.#finish(tensor);
      }
      // Asks for the next turn before it gives up this one, so that both are weighed against what others have.
      this.#writing = false;
      this.#pump();
      this.#stopWriting();
    });
    tensor.serializeMs += performance.now() - writeMs;
    return true;
  }

  #begin(call: ExchangeCall, tensor: QueuedTensor, nowMs: number): FrameWriter | SharedFrameWriter {
    const frame = tensor.frames[tensor.next] as OutgoingFrame;
    if (tensor.next === 0) tensor.startMs = nowMs;
    tensor.next += 1;
    this.#inFlightBytes += frame.data.byteLength;
    this.#peakInFlightBytes = Math.max(this.#peakInFlightBytes, this.#inFlightBytes);
    this.#writer = this.#sharedWriter(call, frame) ?? new FrameWriter(call, frame);
    return this.#writer;
  }

  #sharedWriter(call: ExchangeCall, frame: OutgoingFrame): SharedFrameWriter | undefined {
    const ring = this.#ring;
    if (ring === undefined || frame.data.byteLength < MIN_SHARED_BYTES) return undefined;
    const offsetBytes = ring.reserve(frame.data.byteLength);
    if (offsetBytes === undefined) return undefined;
    return new SharedFrameWriter(call, frame, ring, offsetBytes, () => this.#closeRing());
  }

  #finish(tensor: QueuedTensor): void {
    const frame = tensor.frames[0] as OutgoingFrame;
    this.#queue.finish();
    this.#options.onSent({
      deploymentId: this.deploymentId,
      jobId: frame.jobId,
      attempt: frame.attempt,
      name: frame.name,
      version: frame.version,
      bytes: frame.totalBytes,
      peer: this.consumerId,
      startMs: tensor.startMs,
      endMs: performance.now(),
      serializeMs: tensor.serializeMs,
    });
  }
}
