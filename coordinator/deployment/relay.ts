import { AsyncDiffError } from '../../common/errors/index.js';
import { RELAY_BACKLOG_BYTES, relayedBytes, RelayWindow } from '../../rpc/streams/index.js';
import type { RelayCredit, RelayedFrame, WorkerHandle } from '../workers/index.js';
import type { Deployment } from './deployment.js';

/** Bytes of relayed tensors that this coordinator holds for consumers, of all attempts. */
export class RelayMeter {
  #heldBytes = 0;
  #peakBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The largest number of bytes that were held at once. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  add(bytes: number): void {
    this.#heldBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#heldBytes);
  }
}

interface Consumer {
  readonly worker: WorkerHandle;
  readonly frames: RelayedFrame[];
  isPumping: boolean;
}

/**
 * The way through the coordinator, in one attempt. A producer may have a window of bytes on the way to each consumer, so that what is held
 * here is bounded however slow a consumer's link is; one that sends more loses its place. Frames are handed to the network one by
 * one, so that pings pass between them.
 */
export class Relay {
  readonly #deployment: Deployment;
  readonly #job: { readonly jobId: string; readonly attempt: number };
  readonly #meter: RelayMeter;
  readonly #windows = new Map<string, RelayWindow>();
  readonly #consumers = new Map<string, Consumer>();
  #isClosed = false;

  constructor(deployment: Deployment, job: { readonly jobId: string; readonly attempt: number }) {
    this.#deployment = deployment;
    this.#job = job;
    this.#meter = deployment.relayMeter;
  }

  /** Hands a frame on. Throws `protocol_mismatch` for one that the plan does not send this way, or beyond the producer's window. */
  take(from: WorkerHandle, { toWorkerIds, frame }: RelayedFrame): void {
    if (frame === null || this.#isClosed) return;
    const bytes = relayedBytes(frame);
    const consumers = [...new Set(toWorkerIds)].map((id) => {
      const to = this.#deployment.worker(id);
      if (to === undefined || !this.#deployment.links.isRelayed(frame.name, from, to))
        throw new AsyncDiffError('protocol_mismatch', `a frame of ${frame.totalBytes} bytes for nobody`);
      const window = this.#window(from.id, id);
      if (!window.fits(bytes))
        throw new AsyncDiffError(
          'protocol_mismatch',
          `more to worker ${to.name} than it may: ${window.heldBytes + bytes} bytes are on the way`,
        );
      return { to, window };
    });
    for (const { to, window } of consumers) {
      window.send(bytes);
      this.#meter.add(bytes);
      const consumer = this.#consumer(to);
      consumer.frames.push({ toWorkerIds: [], fromWorkerId: from.id, frame });
      void this.#pump(consumer);
    }
  }

  /** A consumer has taken over what a producer sent it, who may send more. Throws `protocol_mismatch` if it cannot have. */
  credit(from: WorkerHandle, { workerId, bytes }: RelayCredit): void {
    if (this.#isClosed) return;
    if (this.#windows.get(wayOf(workerId, from.id))?.credit(bytes) !== true)
      throw new AsyncDiffError('protocol_mismatch', `a credit of ${bytes} bytes that it had not got`);
    this.#meter.add(-bytes);
    this.#deployment.worker(workerId)?.send({ relayCredit: { ...this.#job, workerId: from.id, bytes } });
  }

  /** The attempt is over: what waits is dropped. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { heldBytes } of this.#windows.values()) this.#meter.add(-heldBytes);
    this.#windows.clear();
    for (const { frames } of this.#consumers.values()) frames.length = 0;
    this.#consumers.clear();
  }

  async #pump(consumer: Consumer): Promise<void> {
    if (consumer.isPumping) return;
    consumer.isPumping = true;
    try {
      while (consumer.frames.length > 0) {
        await consumer.worker.drained(RELAY_BACKLOG_BYTES);
        const frame = consumer.frames.shift();
        if (this.#isClosed || frame === undefined) return;
        consumer.worker.sendFrame(frame);
      }
    } catch {
      // The consumer is gone, and the attempt hears of it.
      consumer.frames.length = 0;
    } finally {
      consumer.isPumping = false;
    }
  }

  #consumer(worker: WorkerHandle): Consumer {
    let consumer = this.#consumers.get(worker.id);
    if (consumer === undefined)
      this.#consumers.set(worker.id, (consumer = { worker, frames: [], isPumping: false }));
    return consumer;
  }

  #window(fromId: string, toId: string): RelayWindow {
    const way = wayOf(fromId, toId);
    let window = this.#windows.get(way);
    if (window === undefined)
      this.#windows.set(way, (window = new RelayWindow(this.#deployment.links.relayWindowBytes)));
    return window;
  }
}

function wayOf(fromId: string, toId: string): string {
  return JSON.stringify([fromId, toId]);
}
