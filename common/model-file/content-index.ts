import { createHash } from 'node:crypto';
import { type BigIntStats, readFileSync } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDiffError } from '../errors/index.js';
import { makeFolder } from '../make-folder.js';
import { writeWhole } from '../write-whole.js';
import { endsEarly } from './ends-early.js';
import type { FileRange } from './file-range.js';

/** What is known of one file, as it is stored. */
interface Entry {
  readonly path: string;
  /** Size, time of change, time of the inode's change, inode: with any other, the file is read again. */
  readonly state: string;
  /** SHA-256 by `<offset>+<length>`. */
  readonly hashes: Record<string, string>;
}

interface Stored {
  readonly entry: Entry;
  /** A bit that turned over on the disk would say that every copy of a tensor is damaged. */
  readonly check: string;
}

function checkOf(entry: Entry): string {
  return createHash('sha256').update(JSON.stringify(entry)).digest('hex');
}

/** A file as it was at some time: any change of its content changes the state. */
export interface FileState {
  readonly path: string;
  /** Size, times of change of content and inode, inode. */
  readonly state: string;
}

/** A file as it is now; the state of one that is not there is empty. */
export async function fileState(path: string): Promise<FileState> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return { path, state: stats === undefined ? '' : stateOf(stats) };
}

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** So many more bytes were read and hashed. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Other threads have begun with what is long: the caller's may do something else meanwhile. */
  readonly onThreads?: (() => void) | undefined;
}

const READ_BYTES = 1 << 20;
/** So much is hashed in threads: a quarter of a second on one core, and starting them takes a tenth. */
const MIN_THREADED_BYTES = 256 << 20;

/**
 * Remembers the SHA-256 of ranges of files, so that weights of gigabytes are read once and not in every process. What is remembered
 * holds as long as path, size, times and inode of a file do; a file that was written to in any way is hashed anew. Processes may
 * share the folder.
 */
export class ContentIndex {
  readonly #dir: string;

  /** @param dir Made when it is first needed; where it cannot be written, nothing is remembered. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * SHA-256 of each range, hex, in their order. What is not known is read, a megabyte at a time.
   *
   * @throws AsyncDiffError `model_invalid` if a file is shorter than a range, or changes while it is read; `cancelled`.
   */
  async hashRanges(ranges: readonly FileRange[], options: HashOptions = {}): Promise<string[]> {
    const found = new Map<string, string>();
    for (const path of new Set(ranges.map((range) => range.path))) {
      const own = ranges.filter((range) => range.path === path);
      const hashes = await this.#hashFile(path, own, options);
      for (const range of own) found.set(`${path}\n${keyOf(range)}`, hashes[keyOf(range)] as string);
    }
    return ranges.map((range) => found.get(`${range.path}\n${keyOf(range)}`) as string);
  }

  /** Bytes of these ranges that would have to be read. */
  async unknownBytes(ranges: readonly FileRange[]): Promise<number> {
    let bytes = 0;
    for (const path of new Set(ranges.map((range) => range.path))) {
      const own = new Map(
        ranges.filter((range) => range.path === path).map((range) => [keyOf(range), range]),
      );
      const file = await open(path, 'r');
      try {
        const known = this.#read(await realpath(path), stateOf(await file.stat({ bigint: true })));
        for (const [key, { lengthBytes }] of own) if (known[key] === undefined) bytes += lengthBytes;
      } finally {
        await file.close();
      }
    }
    return bytes;
  }

  /** Remembers what the caller has just written and hashed itself. */
  async remember(range: FileRange, sha256: string): Promise<void> {
    const file = await open(range.path, 'r');
    try {
      const path = await realpath(range.path);
      const state = stateOf(await file.stat({ bigint: true }));
      await this.#write({ path, state, hashes: { ...this.#read(path, state), [keyOf(range)]: sha256 } });
    } finally {
      await file.close();
    }
  }

  async #hashFile(
    givenPath: string,
    ranges: readonly FileRange[],
    { signal, onBytes, onThreads }: HashOptions,
  ): Promise<Record<string, string>> {
    const file = await open(givenPath, 'r');
    try {
      const path = await realpath(givenPath);
      const before = await file.stat({ bigint: true });
      const state = stateOf(before);
      const hashes = { ...this.#read(path, state) };
      const missing = [...new Map(ranges.map((range) => [keyOf(range), range])).values()]
        .filter((range) => hashes[keyOf(range)] === undefined)
        .sort((a, b) => a.offsetBytes - b.offsetBytes);
      if (missing.length === 0) return hashes;
      for (const range of missing) {
        const end = range.offsetBytes + range.lengthBytes;
        if (end > Number(before.size)) throw endsEarly(givenPath, Number(before.size), end);
      }
      const bytes = missing.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
      const found =
        bytes < MIN_THREADED_BYTES || missing.length < 2
          ? await hashHere(file, givenPath, missing, { signal, onBytes })
          : // Loaded where it is needed: clients hash too, and never so many ranges.
            await (await import('./hash-in-threads.js')).hashInThreads(path, missing, {
              signal,
              onBytes,
              onThreads,
            });
      missing.forEach((range, at) => {
        hashes[keyOf(range)] = found[at] as string;
      });
      if (stateOf(await file.stat({ bigint: true })) !== state) {
        throw new AsyncDiffError('model_invalid', `${givenPath} was changed while it was read`, {
          hint: 'Wait until it is written, then try again.',
        });
      }
      await this.#write({ path, state, hashes });
      return hashes;
    } finally {
      await file.close();
    }
  }

  #read(path: string, state: string): Readonly<Record<string, string>> {
    try {
      const { entry, check } = JSON.parse(readFileSync(this.#file(path), 'utf8')) as Stored;
      return check === checkOf(entry) && entry.path === path && entry.state === state ? entry.hashes : {};
    } catch {
      // None yet, or one that is damaged: hash again.
      return {};
    }
  }

  async #write(entry: Entry): Promise<void> {
    try {
      await makeFolder(this.#dir);
      await writeWhole(
        this.#file(entry.path),
        JSON.stringify({ entry, check: checkOf(entry) } satisfies Stored),
      );
    } catch {
      // It is a memory, no more: without it the next process reads the file again.
    }
  }

  #file(path: string): string {
    return join(this.#dir, `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`);
  }
}

/** SHA-256 of each range, a megabyte at a time in this thread. */
async function hashHere(
  file: FileHandle,
  path: string,
  ranges: readonly FileRange[],
  { signal, onBytes }: HashOptions,
): Promise<string[]> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const hashes: string[] = [];
  for (const { offsetBytes, lengthBytes } of ranges) {
    const hash = createHash('sha256');
    const end = offsetBytes + lengthBytes;
    for (let at = offsetBytes; at < end; ) {
      if (signal?.aborted === true) throw AsyncDiffError.from(signal.reason, 'cancelled');
      const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, end - at), at);
      if (bytesRead === 0) throw endsEarly(path, at, end);
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      onBytes?.(bytesRead);
    }
    hashes.push(hash.digest('hex'));
  }
  return hashes;
}

function keyOf({ offsetBytes, lengthBytes }: FileRange): string {
  return `${offsetBytes}+${lengthBytes}`;
}

function stateOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs, ino].join('/');
}
