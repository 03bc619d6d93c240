import { type Chunking, MIB } from '../index.js';

/** Frames of relayed tensors: no ping waits longer behind one than a slow link takes for so many bytes. */
export const RELAY_CHUNKING: Chunking = Object.freeze({ wholeBytes: 256 << 10, chunkBytes: 256 << 10 });
/** No further frame is handed to the network while it has not taken more than so many bytes: pings wait behind no more. */
export const RELAY_BACKLOG_BYTES: number = 256 << 10;
/** A frame counts as this much at least: what keeps it costs memory, however short it is. */
const MIN_FRAME_BYTES = 1 << 10;
const MAX_WINDOW_BYTES: number = 4 * MIB;
const MIN_WINDOW_BYTES: number = RELAY_CHUNKING.wholeBytes;

/** What may be on its way from one worker to another through the coordinator, where so many pairs share what that one holds. */
export function relayWindowBytes(pairs: number, totalBytes: number): number {
  const share = Math.floor(totalBytes / Math.max(1, pairs));
  return Math.max(MIN_WINDOW_BYTES, Math.min(MAX_WINDOW_BYTES, share));
}

/** What a frame counts as. */
export function relayedBytes({ data }: { readonly data: Uint8Array }): number {
  return Math.max(MIN_FRAME_BYTES, data.byteLength);
}

/** What a consumer of relayed frames has taken over is told once it is worth a message. */
export function relayCreditBytes(windowBytes: number): number {
  return Math.max(1, Math.floor(windowBytes / 16));
}

/** The bytes on their way from one worker to another, as the producer and the coordinator count them. */
export class RelayWindow {
  readonly #windowBytes: number;
  readonly #creditBytes: number;
  #heldBytes = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#creditBytes = relayCreditBytes(windowBytes);
  }

  /** Sent, and not taken over as far as is known. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Whether a frame may go. One above the window goes alone; it could never go otherwise. What is not worth a credit is as good as
   * none on the way.
   */
  fits(bytes: number): boolean {
    return this.#heldBytes < this.#creditBytes || this.#heldBytes + bytes <= this.#windowBytes;
  }

  send(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** The consumer has taken over so much; false if that is more than was on its way. */
  credit(bytes: number): boolean {
    if (bytes > this.#heldBytes) return false;
    this.#heldBytes -= bytes;
    return true;
  }
}
