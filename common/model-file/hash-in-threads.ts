import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AsyncDiffError } from '../errors/index.js';
import { distFile } from '../package.js';
import { fromWireError } from '../wire-error.js';
import type { HashOptions } from './content-index.js';
import type { FileRange } from './file-range.js';
import type { HashMessage, HashWork } from './hash-thread.js';

/** A disk gives no more than so many threads hash: each 1.3 GB/s on a core with SHA instructions. */
const MAX_THREADS = 4;
const TELL_MS = 100;

/**
 * SHA-256 of ranges of one file, hex, in their order, while the caller's thread does something else.
 *
 * @throws AsyncDiffError `model_invalid` if the file is shorter than a range, `cancelled`.
 */
export async function hashInThreads(
  path: string,
  ranges: readonly FileRange[],
  { signal, onBytes, onThreads }: HashOptions,
): Promise<string[]> {
  const work: HashWork = {
    path,
    ranges,
    next: new Int32Array(new SharedArrayBuffer(4)),
    doneBytes: new BigInt64Array(new SharedArrayBuffer(8)),
  };
  const hashes: string[] = [];
  const count = Math.min(MAX_THREADS, availableParallelism(), ranges.length);
  const threads = Array.from(
    { length: count },
    () => new Worker(distFile('common/model-file/hash-thread.js'), { workerData: work }),
  );
  onThreads?.();
  let told = 0n;
  const tell = (): void => {
    const done = Atomics.load(work.doneBytes, 0);
    if (done > told) onBytes?.(Number(done - told));
    told = done;
  };
  const timer = setInterval(tell, TELL_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(AsyncDiffError.from(signal?.reason, 'cancelled'));
      if (signal?.aborted === true) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      let running = count;
      for (const thread of threads) {
        thread.on('message', (message: HashMessage) => {
          if (message.kind === 'hashed') hashes[message.at] = message.sha256;
          else reject(fromWireError(message.error));
        });
        thread.once('error', (error) => reject(AsyncDiffError.from(error)));
        thread.once('exit', () => {
          running -= 1;
          if (running === 0) resolve();
        });
      }
    });
    tell();
    return hashes;
  } finally {
    clearInterval(timer);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}
