import type { ExchangeCall } from './exchange-call.js';
import type { OutgoingFrame } from '../../rpc/index.js';
import { type Done, FrameWriter } from './frame-writer.js';
import type { RingWriter } from './shared-memory/index.js';

const NOTHING = new Uint8Array(0);

/** Smaller ones fit in one HTTP/2 frame, which says where a larger one lies in any case. */
export const MIN_SHARED_BYTES = 16_000;

/** Sends a frame whose data stays on this host: it is written to shared memory, slice by slice, and the stream says where. */
export class SharedFrameWriter {
  readonly #call: ExchangeCall;
  readonly #frame: OutgoingFrame;
  readonly #ring: RingWriter;
  readonly #offsetBytes: number;
  readonly #onBroken: () => void;
  /** Takes over if the memory is used up. */
  #instead: FrameWriter | undefined;
  #writtenBytes = 0;

  /** @param offsetBytes where the ring has reserved a place for the frame's data */
  constructor(
    call: ExchangeCall,
    frame: OutgoingFrame,
    ring: RingWriter,
    offsetBytes: number,
    onBroken: () => void,
  ) {
    this.#call = call;
    this.#frame = frame;
    this.#ring = ring;
    this.#offsetBytes = offsetBytes;
    this.#onBroken = onBroken;
  }

  get isWritten(): boolean {
    return this.#instead?.isWritten ?? this.#writtenBytes === this.#frame.data.byteLength;
  }

  /** As {@link FrameWriter.write}. */
  write(sliceBytes: number, done: Done): number {
    if (this.#instead !== undefined) return this.#instead.write(sliceBytes, done);
    const { data } = this.#frame;
    const begin = this.#writtenBytes;
    const end = Math.min(begin + sliceBytes, data.byteLength);
    try {
      this.#ring.write(this.#offsetBytes + begin, data.subarray(begin, end));
    } catch {
      this.#onBroken();
      this.#instead = new FrameWriter(this.#call, this.#frame);
      return this.#instead.write(sliceBytes, done);
    }
    this.#writtenBytes = end;
    if (!this.isWritten) setImmediate(done);
    else {
      const shared = { sharedOffsetBytes: this.#offsetBytes, sharedBytes: data.byteLength };
      this.#call.write({ ...this.#frame, ...shared, pad: NOTHING, data: NOTHING }, done);
    }
    return end - begin;
  }
}
