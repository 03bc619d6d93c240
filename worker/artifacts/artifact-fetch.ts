import { abortable, throwIfAborted } from '../../common/abort.js';
import { AsyncDiffError, type ErrorCode } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import type { ArtifactCache } from './artifact-cache.js';
import { ArtifactStream, type FetchStream, type Wanted } from './artifact-stream.js';

/** Somebody to get artifacts from; the empty id is the coordinator. */
export interface Supplier {
  readonly id: string;
  /** Opens a stream over a connection of its own. */
  readonly open: (signal: AbortSignal) => Promise<OpenStream> | OpenStream;
}

export interface OpenStream {
  readonly stream: FetchStream;
  readonly close: () => void;
}

export interface Lacking extends Wanted {
  /** Who is asked before the coordinator, in order. */
  readonly suppliers: readonly string[];
}

interface ArtifactFetchOptions {
  readonly workerId: string;
  readonly deploymentId: string;
  /** Secret of the deployment. */
  readonly secret: Uint8Array;
  readonly cache: ArtifactCache;
  /** Everybody who may be asked, the coordinator last. */
  readonly suppliers: ReadonlyMap<string, Supplier>;
  readonly onWhole: (sha256: string, range: FileRange) => void;
  /** Called with the bytes that are here, of those that were lacking. */
  readonly onProgress: (receivedBytes: number) => void;
  readonly signal: AbortSignal;
}

export const COORDINATOR = '';

const MIN_WINDOW_BYTES = 512 << 10;
/** Fills 1 Gb/s at 130 ms of round trip. */
const MAX_WINDOW_BYTES = 16 << 20;
/** Largest share of all bytes that one window has: what a connection that breaks costs. */
const WINDOWS = 64;
/** Tries in a row in which nothing arrives, before it is given up. */
const MAX_TRIES = 4;
const FIRST_WAIT_MS = 250;
/** Times that an artifact is asked for anew because it arrived damaged. */
const MAX_DAMAGED = 2;
/** Errors that another try does not mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'cache_unwritable',
  'worker_failed',
  'cancelled',
  'permission_denied',
  'unauthenticated',
  'model_invalid',
  'limit_exceeded',
  'protocol_mismatch',
]);

/**
 * Gets what a deployment lacks: from other workers what these have or are getting first, the rest from the coordinator, all at once. What a
 * worker does not give, for whatever reason, the coordinator is asked for; a connection that breaks is opened again, and goes on where it was.
 */
export class ArtifactFetch {
  readonly #options: ArtifactFetchOptions;
  readonly #lacking = new Map<string, Lacking>();
  readonly #damaged = new Map<string, number>();
  readonly #windowBytes: number;
  #hereBytes = 0;
  #arrivedBytes = 0;

  constructor(lacking: readonly Lacking[], options: ArtifactFetchOptions) {
    this.#options = options;
    for (const one of lacking) this.#lacking.set(one.sha256, one);
    const totalBytes = lacking.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#windowBytes = Math.max(MIN_WINDOW_BYTES, Math.min(MAX_WINDOW_BYTES, totalBytes / WINDOWS));
  }

  /** Resolves when everything is here. Throws `cancelled`, `cache_unwritable`, `worker_failed` (damaged), or why the coordinator cannot be asked. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    let triesLeft = MAX_TRIES;
    for (let isFirst = true; this.#lacking.size > 0; isFirst = false) {
      const before = this.#arrivedBytes;
      const errors = await this.#ask(isFirst);
      throwIfAborted(signal);
      const final = errors.find(({ code }) => FINAL.has(code));
      if (final !== undefined) throw final;
      triesLeft = this.#arrivedBytes > before ? MAX_TRIES : triesLeft - 1;
      const [last] = errors;
      if (last === undefined) continue;
      if (triesLeft === 0) throw last;
      const waitMs = FIRST_WAIT_MS * 2 ** (MAX_TRIES - triesLeft);
      await abortable(new Promise((resolve) => setTimeout(resolve, waitMs)), signal);
    }
  }

  /** Asks everybody once. Resolves to what the coordinator's stream ended with, and to what the disk refused. */
  async #ask(isFirst: boolean): Promise<AsyncDiffError[]> {
    const { suppliers } = this.#options;
    const bySupplier = new Map<string, Lacking[]>();
    for (const one of this.#lacking.values()) {
      const known = isFirst ? one.suppliers.find((id) => suppliers.has(id)) : undefined;
      const id = known ?? COORDINATOR;
      bySupplier.set(id, [...(bySupplier.get(id) ?? []), one]);
    }
    const results = await Promise.all(
      Array.from(bySupplier, async ([id, wanted]): Promise<AsyncDiffError[]> => {
        try {
          await this.#askOne(suppliers.get(id) as Supplier, wanted);
          return [];
        } catch (thrown) {
          const error = AsyncDiffError.from(thrown, 'peer_unreachable');
          // What another worker refuses, the coordinator gives; what this one's disk refuses, nobody can.
          return id === COORDINATOR || error.code === 'cache_unwritable' ? [error] : [];
        }
      }),
    );
    return results.flat();
  }

  async #askOne({ id, open }: Supplier, wanted: readonly Lacking[]): Promise<void> {
    const { workerId, deploymentId, secret, cache, onWhole, onProgress, signal } = this.#options;
    const { stream, close } = await open(signal);
    try {
      const fetching = new ArtifactStream({
        stream,
        claim: { workerId, supplierId: id, deploymentId, secret },
        cache,
        windowBytes: this.#windowBytes,
        onWhole: (sha256, range) => {
          this.#lacking.delete(sha256);
          onWhole(sha256, range);
        },
        onDamaged: (sha256) => this.#onDamaged(sha256),
        onBytes: (bytes, arrivedBytes) => {
          this.#hereBytes += bytes;
          this.#arrivedBytes += arrivedBytes;
          onProgress(this.#hereBytes);
        },
      });
      await fetching.fetch(wanted, signal);
    } finally {
      close();
    }
  }

  #onDamaged(sha256: string): void {
    const times = (this.#damaged.get(sha256) ?? 0) + 1;
    this.#damaged.set(sha256, times);
    if (times > MAX_DAMAGED)
      throw new AsyncDiffError(
        'worker_failed',
        `artifact ${sha256.slice(0, 12)} arrived damaged ${times} times`,
        { hint: 'The model file was changed while it was served, or the memory of a host is at fault.' },
      );
  }
}
