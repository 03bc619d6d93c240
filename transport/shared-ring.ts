import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { frameError } from './frame.js';
import { MIB } from './options.js';

/** Linux's shared memory as a folder. Other systems have none that a file can lie in; there the loopback interface serves. */
const FOLDER = '/dev/shm';
const NAME = /^asyncdiff-[0-9a-f]{32}$/;
/** Twice what may be in flight: room for what an extent that does not fit before the end leaves over. Pages are taken when written. */
const CAPACITY_BYTES = 32 * MIB;

/** Head of the file: the key, then twice the count of extents that were read. */
const KEY_BYTES = 16;
const COUNT_AT = 64;
const COUNT_BYTES = 16;
const DATA_AT = 4096;

/** What the reader tells the writer of its ring. */
export interface RingOffer {
  readonly name: string;
  /** Proves that a file of that name is the reader's. */
  readonly key: Uint8Array;
}

/**
 * The reader's end of a ring of bytes in shared memory, for tensors that stay on one host: over the loopback interface each would
 * pass HTTP/2 in pieces of 16 KiB. Where a tensor lies is said on the stream (`TensorFrame.shared_offset_bytes`), so order,
 * credit and loss are as they are without it.
 */
export class RingReader {
  readonly offer: RingOffer;
  readonly #fd: number;
  readonly #count = new BigUint64Array(2);
  #linked = true;
  #open = true;

  private constructor(fd: number, offer: RingOffer) {
    this.#fd = fd;
    this.offer = offer;
  }

  /** A new ring; undefined where there is no shared memory. */
  static create(): RingReader | undefined {
    const offer = { name: `asyncdiff-${randomBytes(16).toString('hex')}`, key: randomBytes(KEY_BYTES) };
    try {
      const fd = openSync(join(FOLDER, offer.name), 'wx+', 0o600);
      ftruncateSync(fd, DATA_AT + CAPACITY_BYTES);
      writeSync(fd, offer.key, 0, KEY_BYTES, 0);
      return new RingReader(fd, offer);
    } catch {
      return undefined;
    }
  }

  /**
   * The next extent, in memory of its own; its place may then be written again.
   * @throws AsyncDiffError `protocol_mismatch` where the ring has no such place
   */
  read(offsetBytes: number, sizeBytes: number): Buffer {
    if (offsetBytes + sizeBytes > CAPACITY_BYTES)
      throw frameError(`bytes ${offsetBytes} to ${offsetBytes + sizeBytes} of a ring of ${CAPACITY_BYTES}`);
    // Alone in its memory: it may be transferred to another thread.
    const data = Buffer.allocUnsafeSlow(sizeBytes);
    for (let done = 0; done < sizeBytes; ) {
      const bytes = readSync(this.#fd, data, done, sizeBytes - done, DATA_AT + offsetBytes + done);
      if (bytes === 0) throw frameError(`nothing lies at ${offsetBytes + done} of the ring`);
      done += bytes;
    }
    this.#count.fill((this.#count[0] as bigint) + 1n);
    writeSync(this.#fd, this.#count, 0, COUNT_BYTES, COUNT_AT);
    return data;
  }

  /** The writer has it open, or will not have it: without a name it goes with the last of the two. */
  unlink(): void {
    if (!this.#linked) return;
    this.#linked = false;
    try {
      unlinkSync(join(FOLDER, this.offer.name));
    } catch {
      // Someone else cleaned up.
    }
  }

  close(): void {
    this.unlink();
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

interface Extent {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** The writer's end. Extents are read in the order in which they were reserved. */
export class RingWriter {
  readonly #fd: number;
  /** Reserved and, as far as is known here, not read yet. */
  readonly #extents: Extent[] = [];
  readonly #count = new BigUint64Array(2);
  #read = 0n;
  #open = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The reader's ring; undefined if this process cannot reach it, or the file is not what was offered. Nothing else is ever written to. */
  static open({ name, key }: RingOffer): RingWriter | undefined {
    if (!NAME.test(name) || key.byteLength !== KEY_BYTES) return undefined;
    let fd: number | undefined;
    try {
      fd = openSync(join(FOLDER, name), constants.O_RDWR | constants.O_NOFOLLOW);
      const file = fstatSync(fd);
      const found = Buffer.alloc(KEY_BYTES);
      readSync(fd, found, 0, KEY_BYTES, 0);
      const isOffered =
        file.isFile() &&
        file.uid === process.getuid?.() &&
        file.size === DATA_AT + CAPACITY_BYTES &&
        found.equals(key);
      if (isOffered) return new RingWriter(fd);
    } catch {
      // Another host's, another user's, or another container's.
    }
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }

  /** A place for so many bytes; undefined if there is none now. */
  reserve(sizeBytes: number): number | undefined {
    this.#forgetRead();
    const [first, last] = [this.#extents[0], this.#extents.at(-1)];
    const head = last === undefined ? 0 : last.offsetBytes + last.sizeBytes;
    const tail = first?.offsetBytes ?? CAPACITY_BYTES;
    // Behind the newest one as far as the oldest one or the end; else again from the beginning.
    const isWrapped = first !== undefined && last !== undefined && last.offsetBytes < first.offsetBytes;
    const limit = isWrapped ? tail : CAPACITY_BYTES;
    let offsetBytes: number | undefined;
    if (head + sizeBytes <= limit) offsetBytes = head;
    else if (!isWrapped && first !== undefined && sizeBytes <= tail) offsetBytes = 0;
    if (offsetBytes !== undefined) this.#extents.push({ offsetBytes, sizeBytes });
    return offsetBytes;
  }

  /** @throws where the memory is used up */
  write(offsetBytes: number, data: Uint8Array): void {
    for (let done = 0; done < data.byteLength; ) {
      done += writeSync(this.#fd, data, done, data.byteLength - done, DATA_AT + offsetBytes + done);
    }
  }

  close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }

  #forgetRead(): void {
    if (this.#extents.length === 0) return;
    readSync(this.#fd, this.#count, 0, COUNT_BYTES, COUNT_AT);
    const [one, other] = this.#count as unknown as [bigint, bigint];
    // Half written: as it was.
    if (one !== other) return;
    for (; this.#read < one; this.#read += 1n) this.#extents.shift();
  }
}
