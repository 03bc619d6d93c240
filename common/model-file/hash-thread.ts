/** Entry of a thread that hashes ranges of one file, the next one that no other thread has taken, until none is left. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { endsEarly } from './ends-early.js';
import type { FileRange } from './file-range.js';
import { toWireError, type WireError } from '../wire-error.js';

/** What the threads of one file share. */
export interface HashWork {
  readonly path: string;
  readonly ranges: readonly FileRange[];
  /** Index of the next range. */
  readonly next: Int32Array;
  /** Bytes that were hashed. */
  readonly doneBytes: BigInt64Array;
}

export type HashMessage =
  | { readonly kind: 'hashed'; readonly at: number; readonly sha256: string }
  | { readonly kind: 'failed'; readonly error: WireError };

const READ_BYTES = 4 << 20;

const { path, ranges, next, doneBytes } = workerData as HashWork;
const file = openSync(path, 'r');
try {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let at = Atomics.add(next, 0, 1); at < ranges.length; at = Atomics.add(next, 0, 1)) {
    const sha256 = hashRange(ranges[at] as FileRange, buffer);
    say({ kind: 'hashed', at, sha256 });
  }
} catch (error) {
  say({ kind: 'failed', error: toWireError(error) });
} finally {
  closeSync(file);
}

function hashRange({ offsetBytes, lengthBytes }: FileRange, buffer: Buffer): string {
  const hash = createHash('sha256');
  const end = offsetBytes + lengthBytes;
  for (let at = offsetBytes; at < end; ) {
    const read = readSync(file, buffer, 0, Math.min(READ_BYTES, end - at), at);
    if (read === 0) throw endsEarly(path, at, end);
    hash.update(buffer.subarray(0, read));
    at += read;
    Atomics.add(doneBytes, 0, BigInt(read));
  }
  return hash.digest('hex');
}

function say(message: HashMessage): void {
  parentPort?.postMessage(message);
}
