import { closeSync } from 'node:fs';
import { ExtentReader, ExtentWriter } from './extents.js';
import {
  BULK,
  createRingFile,
  openRingFile,
  reopenRingFile,
  type RingOffer,
  unlinkRingFile,
} from './ring-file.js';

/**
 * The reader's end of a ring of bytes in shared memory, for large tensors that stay on one host: over the loopback interface
 * each would pass HTTP/2 in pieces of 16 KiB. Where a tensor lies is said on the stream (`TensorFrame.shared_offset_bytes`), so
 * order, credit and loss are as they are without it.
 */
export class RingReader {
  readonly offer: RingOffer;
  readonly #fd: number;
  readonly #extents: ExtentReader;
  #linked = true;
  #open = true;

  private constructor(fd: number, offer: RingOffer) {
    this.#fd = fd;
    this.offer = offer;
    this.#extents = new ExtentReader(fd, BULK);
  }

  /** A new ring; undefined where there is no shared memory. */
  static create(): RingReader | undefined {
    const file = createRingFile();
    return file && new RingReader(file.fd, file.offer);
  }

  /** See {@link ExtentReader.read}. */
  read(offsetBytes: number, sizeBytes: number): Buffer {
    return this.#extents.read(offsetBytes, sizeBytes);
  }

  /** The file once more, for the {@link FrameRingReader} of another thread, which closes it. */
  reopen(): number | undefined {
    return reopenRingFile(this.#fd);
  }

  /** The writer has it open, or will not have it: without a name it goes with the last of the two. */
  unlink(): void {
    if (this.#linked) unlinkRingFile(this.offer);
    this.#linked = false;
  }

  close(): void {
    this.unlink();
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

/** The writer's end. */
export class RingWriter {
  readonly #fd: number;
  readonly #extents: ExtentWriter;
  #open = true;

  private constructor(fd: number) {
    this.#fd = fd;
    this.#extents = new ExtentWriter(fd, BULK);
  }

  /** The reader's ring; undefined if this process cannot reach it, or the file is not what was offered. */
  static open(offer: RingOffer): RingWriter | undefined {
    const fd = openRingFile(offer);
    return fd === undefined ? undefined : new RingWriter(fd);
  }

  /** See {@link ExtentWriter.reserve}. */
  reserve(sizeBytes: number): number | undefined {
    return this.#extents.reserve(sizeBytes);
  }

  /** @throws where the memory is used up */
  write(offsetBytes: number, data: Uint8Array): void {
    this.#extents.write(offsetBytes, data);
  }

  /** The file once more, for the {@link FrameRingWriter} of another thread, which closes it. */
  reopen(): number | undefined {
    return reopenRingFile(this.#fd);
  }

  close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}
