import { AsyncDiffError } from '../../common/errors/index.js';
import { Deadline } from '../../common/pending/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import { MAX_RANGE_BYTES, MAX_RANGES } from '../../rpc/streams/index.js';
import type { ControlStream } from '../../rpc/streams/index.js';
import type { ArtifactChunk__Output } from '../../rpc/gen/asyncdiff/v1/ArtifactChunk.js';
import type { ArtifactClaim } from '../../rpc/gen/asyncdiff/v1/ArtifactClaim.js';
import type { ArtifactRequest } from '../../rpc/gen/asyncdiff/v1/ArtifactRequest.js';
import type { ArtifactCache } from './artifact-cache.js';
import type { IncomingArtifact } from './incoming-artifact.js';

/** An artifact that is to come. */
export interface Wanted {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type FetchStream = ControlStream<ArtifactRequest, ArtifactChunk__Output>;

interface ArtifactStreamOptions {
  readonly stream: FetchStream;
  readonly claim: ArtifactClaim;
  readonly cache: ArtifactCache;
  /** Bytes that may be asked for and not be on disk yet: what a connection that breaks costs, and what this process holds. */
  readonly windowBytes: number;
  readonly onWhole: (sha256: string, range: FileRange) => void;
  /** Called when an artifact came with another hash. */
  readonly onDamaged: (sha256: string) => void;
  /**
   * So many more bytes count as here; fewer where a try is over that another one goes on with.
   * @param arrivedBytes those that came over this stream; with neither, the supplier has said that it is there
   */
  readonly onBytes: (bytes: number, arrivedBytes: number) => void;
}

/** A supplier that says nothing for so long is given up. */
const SILENT_MS = 20_000;
const MIN_RANGE_BYTES = 16 << 10;
/** Files that are open at once. */
const MAX_OPEN = 64;

/** Gets artifacts over one stream, one after another, from where each is. */
export class ArtifactStream {
  readonly #options: ArtifactStreamOptions;
  readonly #rangeBytes: number;
  readonly #open = new Map<string, IncomingArtifact>();
  readonly #silence: Deadline;
  #outstandingBytes = 0;
  #outstandingRanges = 0;
  #chain: Promise<void> = Promise.resolve();
  #error: AsyncDiffError | undefined;
  #wake: (() => void) | undefined;
  #isClaimed = false;
  /** What came cannot be written: nothing more is. */
  #isRefused = false;

  constructor(options: ArtifactStreamOptions) {
    this.#options = options;
    const { windowBytes, stream, onBytes } = options;
    this.#rangeBytes = Math.max(MIN_RANGE_BYTES, Math.min(MAX_RANGE_BYTES, Math.floor(windowBytes / 4)));
    this.#silence = new Deadline(
      SILENT_MS,
      () => {
        if (this.#outstandingRanges === 0) this.#silence.extend();
        else
          this.#break(
            new AsyncDiffError(
              'peer_unreachable',
              `${stream.peer} has sent nothing for ${SILENT_MS / 1000} s`,
            ),
          );
      },
      { repeats: true },
    );
    stream.listen({
      onMessage: (chunk) => {
        this.#silence.extend();
        if (chunk.sha256 === '') onBytes(0, 0);
        else this.#chain = this.#chain.then(() => this.#write(chunk));
      },
      onClosed: (error) =>
        this.#break(error ?? new AsyncDiffError('peer_unreachable', `${stream.peer} has ended the stream`)),
    });
  }

  /**
   * Resolves when each was told to be whole or damaged. Throws what has ended the stream, or what the disk refuses; what has arrived by then is kept.
   */
  async fetch(wanted: Iterable<Wanted>, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#break(AsyncDiffError.from(signal.reason, 'cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      for (const one of wanted) await this.#fetchOne(one);
      while (this.#open.size > 0) await this.#moved();
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#silence.clear();
      // What has come is written, whatever ended the stream: the next try goes on behind it.
      await this.#chain;
      const left = [...this.#open.values()];
      this.#open.clear();
      for (const { offsetBytes } of left) this.#options.onBytes(-offsetBytes, 0);
      await Promise.all(left.map((incoming) => incoming.keep()));
    }
  }

  async #fetchOne({ sha256, sizeBytes }: Wanted): Promise<void> {
    const { cache, onWhole, onBytes } = this.#options;
    // Another worker of this host may have put it there meanwhile.
    const here = await cache.find(sha256);
    if (here !== undefined) {
      onBytes(sizeBytes, 0);
      onWhole(sha256, here);
      return;
    }
    while (this.#open.size >= MAX_OPEN) await this.#moved();
    const incoming = await cache.begin(sha256, sizeBytes);
    onBytes(incoming.offsetBytes, 0);
    this.#open.set(sha256, incoming);
    if (sizeBytes === 0) {
      this.#outstandingRanges += 1;
      await this.#write({ sha256, offsetBytes: 0, data: Buffer.alloc(0) });
    }
    for (let offsetBytes = incoming.offsetBytes; offsetBytes < sizeBytes; ) {
      const bytes = Math.min(this.#rangeBytes, sizeBytes - offsetBytes);
      await this.#room(bytes);
      this.#ask(sha256, offsetBytes, bytes);
      offsetBytes += bytes;
    }
  }

  #ask(sha256: string, offsetBytes: number, sizeBytes: number): void {
    const { stream, claim } = this.#options;
    this.#outstandingBytes += sizeBytes;
    this.#outstandingRanges += 1;
    stream.send({ ranges: [{ sha256, offsetBytes, sizeBytes }], ...(!this.#isClaimed && { claim }) });
    this.#isClaimed = true;
  }

  async #room(bytes: number): Promise<void> {
    const { windowBytes } = this.#options;
    while (
      this.#outstandingRanges > 0 &&
      (this.#outstandingBytes + bytes > windowBytes || this.#outstandingRanges >= MAX_RANGES / 2)
    )
      await this.#moved();
    if (this.#error !== undefined) throw this.#error;
  }

  async #write({
    sha256,
    offsetBytes,
    data,
  }: Pick<ArtifactChunk__Output, 'sha256' | 'offsetBytes' | 'data'>): Promise<void> {
    const { onBytes, onWhole, onDamaged } = this.#options;
    const incoming = this.#open.get(sha256);
    if (this.#isRefused || incoming === undefined) return;
    try {
      const written = await incoming.write(offsetBytes, data);
      this.#outstandingBytes -= data.length;
      this.#outstandingRanges -= 1;
      onBytes(data.length, data.length);
      if (written === undefined) return;
      this.#open.delete(sha256);
      if (written === 'damaged') {
        onBytes(-incoming.sizeBytes, 0);
        onDamaged(sha256);
      } else onWhole(sha256, written);
    } catch (error) {
      this.#isRefused = true;
      this.#break(AsyncDiffError.from(error, 'worker_failed'));
    } finally {
      this.#wake?.();
    }
  }

  /** Something was written. Throws what has ended the stream. */
  async #moved(): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#error !== undefined) throw this.#error;
  }

  #break(error: AsyncDiffError): void {
    this.#error ??= error;
    this.#wake?.();
  }
}
