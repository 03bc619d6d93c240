import type { FileRange } from '../../common/model-file/index.js';
import type { ArtifactCache, ArtifactChunk, IncomingArtifact } from './artifact-cache.js';

/** A transfer that arrives damaged is asked for anew so many times. */
const MAX_TRIES = 2;

/** The artifacts that one deployment waits for. Their chunks come in order, and are written one after another. */
export class IncomingArtifacts {
  readonly #cache: ArtifactCache;
  readonly #onWhole: (sha256: string, range: FileRange) => void;
  readonly #missing = new Set<string>();
  readonly #open = new Map<string, IncomingArtifact>();
  readonly #tries = new Map<string, number>();
  #damaged: string[] = [];
  #chain: Promise<unknown> = Promise.resolve();
  #receivedBytes = 0;
  #closed = false;

  /** @param onWhole an artifact is here */
  constructor(cache: ArtifactCache, onWhole: (sha256: string, range: FileRange) => void) {
    this.#cache = cache;
    this.#onWhole = onWhole;
  }

  /** These are to come. */
  expect(missing: readonly string[]): void {
    for (const sha256 of missing) this.#missing.add(sha256);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Artifacts that came damaged since the last look, to be asked for once more. */
  takeDamaged(): string[] {
    const damaged = this.#damaged;
    this.#damaged = [];
    return damaged;
  }

  /** Resolves to true when the last artifact is whole. Throws `worker_failed`, `disk_full` and the like. */
  take(chunk: ArtifactChunk): Promise<boolean> {
    const done = this.#chain.then(() => this.#take(chunk));
    this.#chain = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#chain;
    await Promise.all(Array.from(this.#open.values(), (incoming) => incoming.discard()));
    this.#open.clear();
  }

  async #take(chunk: ArtifactChunk): Promise<boolean> {
    const { sha256, offsetBytes, data } = chunk;
    if (this.#closed || !this.#missing.has(sha256)) return false;
    // A transfer that begins anew: what there is of an older one is worth nothing.
    if (offsetBytes === 0) {
      await this.#open.get(sha256)?.discard();
      this.#open.set(sha256, await this.#cache.begin(sha256));
    }
    const incoming = this.#open.get(sha256);
    if (incoming === undefined) return false;
    this.#receivedBytes += data.length;
    let range: FileRange | undefined;
    try {
      range = await incoming.write(chunk);
      if (range === undefined) return false;
    } catch (error) {
      this.#open.delete(sha256);
      await incoming.discard();
      const tries = (this.#tries.get(sha256) ?? 0) + 1;
      this.#tries.set(sha256, tries);
      if (!incoming.isDamaged || tries > MAX_TRIES) throw error;
      this.#damaged.push(sha256);
      return false;
    }
    this.#open.delete(sha256);
    this.#missing.delete(sha256);
    this.#onWhole(sha256, range);
    return this.#missing.size === 0;
  }
}
