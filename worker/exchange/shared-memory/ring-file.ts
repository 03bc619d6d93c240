import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const MIB = 2 ** 20;

/** Linux's shared memory as a folder. Other systems have none that a file can lie in; there the loopback interface serves. */
const FOLDER = '/dev/shm';
/** Linux's open files of a process, by number. */
const OPEN_FILES = '/proc/self/fd';
const NAME = /^asyncdiff-[0-9a-f]{32}$/;
const KEY_BYTES = 16;

/** Where in the file something that one side counts up lies; each on a cache line of its own. */
const BULK_READ_AT = 64;
const FRAMES_READ_AT = 128;
export const FRAMES_WRITTEN_AT = 192;

/** Heads of frames, in turns. */
export const HEADS_AT = 4096;
export const HEAD_BYTES = 1024;
export const HEADS = 64;

/** A part of the file that extents lie in, and where their reader counts those that it has read. */
export interface Region {
  readonly readAt: number;
  readonly dataAt: number;
  readonly capacityBytes: number;
}

/** Data of frames, from inference thread to inference thread. */
export const FRAMES: Region = Object.freeze({
  readAt: FRAMES_READ_AT,
  dataAt: HEADS_AT + HEADS * HEAD_BYTES,
  capacityBytes: 4 * MIB,
});

/**
 * Data whose frames go over the stream. Twice what may be in flight: room for what an extent that does not fit before the end
 * leaves over. Pages are taken when written.
 */
export const BULK: Region = Object.freeze({
  readAt: BULK_READ_AT,
  dataAt: FRAMES.dataAt + FRAMES.capacityBytes,
  capacityBytes: 32 * MIB,
});

const FILE_BYTES = BULK.dataAt + BULK.capacityBytes;

/** What the reader tells the writer of its file. */
export interface RingOffer {
  readonly name: string;
  /** Proves that a file of that name is the reader's. */
  readonly key: Uint8Array;
}

/** Whether this platform has shared memory as a folder, and a second way to an open file. */
export function hasSharedMemory(): boolean {
  return existsSync(FOLDER) && existsSync(OPEN_FILES);
}

/** A new file of the reader's, with its name; undefined where there is no shared memory. */
export function createRingFile(): { fd: number; offer: RingOffer } | undefined {
  const offer = { name: `asyncdiff-${randomBytes(16).toString('hex')}`, key: randomBytes(KEY_BYTES) };
  try {
    const fd = openSync(join(FOLDER, offer.name), 'wx+', 0o600);
    ftruncateSync(fd, FILE_BYTES);
    writeSync(fd, offer.key, 0, KEY_BYTES, 0);
    return { fd, offer };
  } catch {
    return undefined;
  }
}

/** The reader's file; undefined if this process cannot reach it, or it is not what was offered. Nothing else is ever written to. */
export function openRingFile({ name, key }: RingOffer): number | undefined {
  if (!NAME.test(name) || key.byteLength !== KEY_BYTES) return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(join(FOLDER, name), constants.O_RDWR | constants.O_NOFOLLOW);
    const file = fstatSync(fd);
    const found = Buffer.alloc(KEY_BYTES);
    readSync(fd, found, 0, KEY_BYTES, 0);
    const isOffered =
      file.isFile() && file.uid === process.getuid?.() && file.size === FILE_BYTES && found.equals(key);
    if (isOffered) return fd;
  } catch {
    // Another host's, another user's, or another container's.
  }
  if (fd !== undefined) closeSync(fd);
  return undefined;
}

/** Takes the name away: the file goes with the last of those who have it open. */
export function unlinkRingFile({ name }: RingOffer): void {
  try {
    unlinkSync(join(FOLDER, name));
  } catch {
    // Someone else cleaned up.
  }
}

/** The same file a second time, for a thread that closes it on its own, also after its name is gone; undefined without /proc. */
export function reopenRingFile(fd: number): number | undefined {
  try {
    return openSync(join(OPEN_FILES, String(fd)), constants.O_RDWR);
  } catch {
    return undefined;
  }
}

/** A counter that another process reads: written twice, so that half of one is not taken for another. */
export class Counter {
  readonly #fd: number;
  readonly #at: number;
  readonly #pair = new BigUint64Array(2);
  #value = 0n;

  constructor(fd: number, at: number) {
    this.#fd = fd;
    this.#at = at;
  }

  /** For the one that counts. */
  add(): void {
    this.#value += 1n;
    this.#pair.fill(this.#value);
    writeSync(this.#fd, this.#pair, 0, this.#pair.byteLength, this.#at);
  }

  /** For the other one: how far it is since the last look. */
  advance(): number {
    readSync(this.#fd, this.#pair, 0, this.#pair.byteLength, this.#at);
    const [one, other] = this.#pair as unknown as [bigint, bigint];
    // Half written: as it was.
    if (one !== other) return 0;
    const by = Number(one - this.#value);
    this.#value = one;
    return by;
  }
}
