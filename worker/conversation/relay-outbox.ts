import type { OutgoingFrame } from '../../rpc/index.js';
import { RELAY_BACKLOG_BYTES, relayedBytes, RelayWindow } from '../../rpc/streams/index.js';

interface RelayOutboxOptions {
  /** Bytes that each consumer may have been sent and not have taken over yet. */
  readonly windowBytes: number;
  readonly send: (frame: OutgoingFrame, toWorkerIds: readonly string[]) => void;
  /** Resolves when the network has taken all but so many bytes of what was sent; throws when it takes no more. */
  readonly drained: (atMostBytes: number) => Promise<void>;
}

interface WaitingTensor {
  readonly frames: readonly OutgoingFrame[];
  readonly dueMs: number;
  /** The next frame of each consumer that lacks some. */
  readonly next: Map<string, number>;
  readonly resolve: (sent: boolean) => void;
  isBegun: boolean;
}

/**
 * Tensors on their way through the coordinator to other workers. They wait here, not there: a consumer has at most a window of bytes
 * under way, and the connection no more than pings can wait behind. What several consumers can take goes to the coordinator once;
 * to one that is slow it goes later, by itself.
 */
export class RelayOutbox {
  readonly #options: RelayOutboxOptions;
  #waiting: WaitingTensor[] = [];
  readonly #windows = new Map<string, RelayWindow>();
  #isPumping = false;

  constructor(options: RelayOutboxOptions) {
    this.#options = options;
  }

  /**
   * Sends a tensor, in the order of dues. Its data must stay as it is until the promise settles (true: the network has it, or is about to
   * take it; false: it was dropped). Never rejects.
   */
  push(frames: readonly OutgoingFrame[], consumers: readonly string[], dueMs: number): Promise<boolean> {
    if (consumers.length === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const next = new Map(consumers.map((id) => [id, 0]));
      const later = this.#waiting.findIndex((other) => !other.isBegun && other.dueMs > dueMs);
      this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, {
        frames,
        dueMs,
        next,
        resolve,
        isBegun: false,
      });
      void this.#pump();
    });
  }

  /** A consumer has taken over so many bytes. */
  credit(consumerId: string, bytes: number): void {
    this.#windows.get(consumerId)?.credit(bytes);
    void this.#pump();
  }

  /** Another attempt begins, of which nothing is on its way; or nothing more is to be sent. */
  clear(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
    this.#windows.clear();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#ready() !== undefined) {
        await this.#options.drained(RELAY_BACKLOG_BYTES);
        const ready = this.#ready();
        if (ready !== undefined) this.#send(ready.tensor, ready.frame, ready.consumers);
      }
    } catch {
      // The stream is over, and so is the conversation.
      this.clear();
    } finally {
      this.#isPumping = false;
    }
  }

  /** The next frame that can go, and to whom. A consumer gets its tensors one after another. */
  #ready(): { tensor: WaitingTensor; frame: number; consumers: string[] } | undefined {
    const served = new Set<string>();
    for (const tensor of this.#waiting) {
      const open = [...tensor.next].filter(
        ([id, at]) => !served.has(id) && this.#window(id).fits(relayedBytes(frameAt(tensor, at))),
      );
      for (const id of tensor.next.keys()) served.add(id);
      if (open.length === 0) continue;
      const frame = Math.min(...open.map(([, at]) => at));
      return { tensor, frame, consumers: open.filter(([, at]) => at === frame).map(([id]) => id) };
    }
    return undefined;
  }

  #send(tensor: WaitingTensor, at: number, consumers: readonly string[]): void {
    const frame = frameAt(tensor, at);
    tensor.isBegun = true;
    for (const id of consumers) {
      this.#window(id).send(relayedBytes(frame));
      if (at + 1 < tensor.frames.length) tensor.next.set(id, at + 1);
      else tensor.next.delete(id);
    }
    this.#options.send(frame, consumers);
    if (tensor.next.size > 0) return;
    this.#waiting.splice(this.#waiting.indexOf(tensor), 1);
    tensor.resolve(true);
  }

  #window(consumerId: string): RelayWindow {
    let window = this.#windows.get(consumerId);
    if (window === undefined)
      this.#windows.set(consumerId, (window = new RelayWindow(this.#options.windowBytes)));
    return window;
  }
}

function frameAt({ frames }: WaitingTensor, at: number): OutgoingFrame {
  return frames[at] as OutgoingFrame;
}
