import { readSync, writeSync } from 'node:fs';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { Counter, type Region } from './ring-file.js';

/** The reader's end of the extents in a region of a ring file. Where each lies, its frame says. */
export class ExtentReader {
  readonly #fd: number;
  readonly #region: Region;
  readonly #read: Counter;

  constructor(fd: number, region: Region) {
    this.#fd = fd;
    this.#region = region;
    this.#read = new Counter(fd, region.readAt);
  }

  /**
   * The next extent, in memory of its own; its place may then be written again.
   * @throws AsyncDiffError `protocol_mismatch` where the region has no such place
   */
  read(offsetBytes: number, sizeBytes: number): Buffer {
    const { dataAt, capacityBytes } = this.#region;
    if (offsetBytes + sizeBytes > capacityBytes)
      throw ringError(`bytes ${offsetBytes} to ${offsetBytes + sizeBytes} of a ring of ${capacityBytes}`);
    // Alone in its memory: it may be transferred to another thread.
    const data = Buffer.allocUnsafeSlow(sizeBytes);
    for (let done = 0; done < sizeBytes; ) {
      const bytes = readSync(this.#fd, data, done, sizeBytes - done, dataAt + offsetBytes + done);
      if (bytes === 0) throw ringError(`nothing lies at ${offsetBytes + done} of the ring`);
      done += bytes;
    }
    this.#read.add();
    return data;
  }
}

interface Extent {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** The writer's end. Extents are read in the order in which they were reserved. */
export class ExtentWriter {
  readonly #fd: number;
  readonly #region: Region;
  readonly #most: number;
  readonly #read: Counter;
  /** Reserved and, as far as is known here, not read yet. */
  readonly #extents: Extent[] = [];

  /** @param most extents that may be unread at a time */
  constructor(fd: number, region: Region, most: number = Number.POSITIVE_INFINITY) {
    this.#fd = fd;
    this.#region = region;
    this.#most = most;
    this.#read = new Counter(fd, region.readAt);
  }

  /** A place for so many bytes; undefined if there is none now. */
  reserve(sizeBytes: number): number | undefined {
    if (this.#extents.length > 0) this.#extents.splice(0, this.#read.advance());
    if (this.#extents.length >= this.#most) return undefined;
    const { capacityBytes } = this.#region;
    const [first, last] = [this.#extents[0], this.#extents.at(-1)];
    const head = last === undefined ? 0 : last.offsetBytes + last.sizeBytes;
    const tail = first?.offsetBytes ?? capacityBytes;
    // Behind the newest one as far as the oldest one or the end; else again from the beginning.
    const isWrapped = first !== undefined && last !== undefined && last.offsetBytes < first.offsetBytes;
    const limit = isWrapped ? tail : capacityBytes;
    let offsetBytes: number | undefined;
    if (head + sizeBytes <= limit) offsetBytes = head;
    else if (!isWrapped && first !== undefined && sizeBytes <= tail) offsetBytes = 0;
    if (offsetBytes !== undefined) this.#extents.push({ offsetBytes, sizeBytes });
    return offsetBytes;
  }

  /** @throws where the memory is used up */
  write(offsetBytes: number, data: Uint8Array): void {
    const at = this.#region.dataAt + offsetBytes;
    for (let done = 0; done < data.byteLength; )
      done += writeSync(this.#fd, data, done, data.byteLength - done, at + done);
  }
}

/** A ring that contradicts itself. */
export function ringError(message: string): AsyncDiffError {
  return new AsyncDiffError('protocol_mismatch', message);
}
