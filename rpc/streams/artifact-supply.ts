import { type FileHandle, open } from 'node:fs/promises';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import type { ArtifactChunk } from '../gen/asyncdiff/v1/ArtifactChunk.js';
import type { ArtifactRange__Output } from '../gen/asyncdiff/v1/ArtifactRange.js';
import type { ArtifactRequest__Output } from '../gen/asyncdiff/v1/ArtifactRequest.js';
import type { ControlStream } from './control-stream.js';

/** Metadata of SupplyArtifacts: for which deployment, and by what right. */
export const DEPLOYMENT_KEY = 'asyncdiff-deployment';
export const DEPLOYMENT_SECRET_KEY = 'asyncdiff-secret-bin';

/** One range. */
export const MAX_RANGE_BYTES: number = 1 << 20;
/** Ranges that one stream may have asked for and not got yet. */
export const MAX_RANGES = 1024;
/** Whoever waits for an artifact that its supplier has not got yet hears so often that it is still coming. */
const STILL_HERE_MS = 2_000;

/** Where an artifact lies; a promise of it while it is on its way here. Throws, or rejects, where it is not for the asker. */
export type FindArtifact = (sha256: string) => FileRange | Promise<FileRange>;

/** Who asks, whom it takes this end for, and by what right. */
export interface ArtifactClaim {
  readonly workerId: string;
  readonly supplierId: string;
  readonly deploymentId: string;
  readonly secret: Uint8Array;
}

interface SupplyOptions {
  /** Whether what the asker claims is true: what it may have, else an error. */
  readonly admit: (claim: ArtifactClaim) => FindArtifact | Promise<FindArtifact>;
}

export type SupplyStream = ControlStream<ArtifactChunk, ArtifactRequest__Output>;

interface Asked {
  readonly range: ArtifactRange__Output;
  /** Where it lies; undefined while it is not here. */
  at: FileRange | undefined;
}

/**
 * The side of an artifact stream that has what is asked for. It holds one range in memory at a time: the next is read when the network has
 * taken the one before, so that a slow asker costs nothing.
 */
export class ArtifactSupply {
  readonly #stream: SupplyStream;
  readonly #options: SupplyOptions;
  readonly #asked: Asked[] = [];
  #buffer: Buffer | undefined;
  #askedRanges = 0;
  #find: Promise<FindArtifact> | undefined;
  #isRunning = false;
  #isOver = false;
  #wake: (() => void) | undefined;
  #file: { readonly path: string; readonly handle: FileHandle } | undefined;

  constructor(stream: SupplyStream, options: SupplyOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Until the stream ends. */
  serve(): void {
    const stream = this.#stream;
    stream.listen({
      onMessage: (request) => {
        this.#take(request).catch((error: unknown) => this.#fail(error));
      },
      onClosed: () => {
        this.#isOver = true;
        this.#wake?.();
        stream.end();
      },
    });
  }

  async #take({ claim, ranges }: ArtifactRequest__Output): Promise<void> {
    if (claim !== null && this.#find === undefined)
      this.#find = Promise.resolve(claim).then((own) => this.#options.admit(own));
    if (this.#find === undefined || (claim === null && ranges.length === 0))
      throw new AsyncDiffError(
        'protocol_mismatch',
        'a request for artifacts without a claim, or without a range',
      );
    // Before anything is waited for: it counts what waits, too.
    this.#askedRanges += ranges.length;
    if (this.#askedRanges > MAX_RANGES)
      throw new AsyncDiffError('limit_exceeded', `more than ${MAX_RANGES} ranges of artifacts at once`);
    const find = await this.#find;
    for (const range of ranges) {
      if (range.sizeBytes > MAX_RANGE_BYTES)
        throw new AsyncDiffError(
          'limit_exceeded',
          `a range of ${range.sizeBytes} bytes; at most ${MAX_RANGE_BYTES}`,
        );
      const asked: Asked = { range, at: undefined };
      this.#asked.push(asked);
      const found = find(range.sha256);
      if (!(found instanceof Promise)) asked.at = found;
      else
        found.then(
          (at) => {
            asked.at = at;
            this.#wake?.();
          },
          (error: unknown) => this.#fail(error),
        );
    }
    if (!this.#isRunning) void this.#run();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (!this.#isOver && this.#asked.length > 0) {
        // What is here first: ranges of one artifact are all here or all not, and so stay in order.
        const next = this.#asked.findIndex(({ at }) => at !== undefined);
        if (next < 0) await this.#waitForOne();
        else await this.#send(this.#asked.splice(next, 1)[0] as Asked);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isRunning = false;
      const { handle } = this.#file ?? {};
      this.#file = undefined;
      await handle?.close().catch(() => undefined);
    }
  }

  async #waitForOne(): Promise<void> {
    const isWoken = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), STILL_HERE_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
    this.#wake = undefined;
    if (!isWoken) this.#stream.send({});
  }

  async #send({ range: { sha256, offsetBytes, sizeBytes }, at }: Asked): Promise<void> {
    const { path, offsetBytes: begin, lengthBytes } = at as FileRange;
    if (offsetBytes + sizeBytes > lengthBytes)
      throw new AsyncDiffError(
        'invalid_input',
        `artifact ${sha256.slice(0, 12)} has ${lengthBytes} bytes, not ${offsetBytes + sizeBytes}`,
      );
    const handle = await this.#open(path);
    this.#buffer ??= Buffer.allocUnsafeSlow(MAX_RANGE_BYTES);
    const data = this.#buffer.subarray(0, sizeBytes);
    for (let filled = 0; filled < sizeBytes; ) {
      const { bytesRead } = await handle.read(data, filled, sizeBytes - filled, begin + offsetBytes + filled);
      if (bytesRead === 0)
        throw new AsyncDiffError('model_invalid', `${path} is shorter than when it was hashed`, {
          hint: 'Leave model files as they are while a coordinator serves them.',
        });
      filled += bytesRead;
    }
    this.#stream.send({ sha256, offsetBytes, data }, sizeBytes);
    await this.#stream.drained();
    this.#askedRanges -= 1;
  }

  /** The file that was read last stays open: most artifacts lie in one. */
  async #open(path: string): Promise<FileHandle> {
    if (this.#file?.path === path) return this.#file.handle;
    const before = this.#file;
    this.#file = undefined;
    await before?.handle.close();
    try {
      this.#file = { path, handle: await open(path, 'r') };
    } catch (cause) {
      throw new AsyncDiffError(
        'model_invalid',
        `${path} cannot be read any more: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
    return this.#file.handle;
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake?.();
    this.#stream.fail(AsyncDiffError.from(error, 'worker_failed'));
  }
}
