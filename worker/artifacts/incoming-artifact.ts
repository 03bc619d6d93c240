import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import { storing } from './storing.js';

const READ_BYTES = 1 << 20;

interface IncomingParts {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where it is written to, and where it goes when it is whole. */
  readonly path: string;
  readonly target: string;
  /** `path` is not written to any more. */
  readonly onReleased: () => void;
  /** It is whole, and its hash is right. */
  readonly onWhole: () => Promise<void>;
}

/** One artifact on its way in; it goes on where an earlier try has ended. */
export class IncomingArtifact {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly #parts: IncomingParts;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #offsetBytes = 0;
  #isClosed = false;

  private constructor(parts: IncomingParts, file: FileHandle) {
    this.sha256 = parts.sha256;
    this.sizeBytes = parts.sizeBytes;
    this.#parts = parts;
    this.#file = file;
  }

  /** Throws `cache_unwritable`. */
  static async open(parts: IncomingParts): Promise<IncomingArtifact> {
    try {
      return await storing(parts.path, async () => {
        const incoming = new IncomingArtifact(parts, await open(parts.path, 'a+'));
        await incoming.#goOn();
        return incoming;
      });
    } catch (error) {
      parts.onReleased();
      throw error;
    }
  }

  /** Bytes that are here. */
  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  /**
   * Takes the next bytes. Resolves to its place when it is whole, to `damaged` when it is and has another hash: then nothing is left of it.
   * Throws `worker_failed` for bytes out of order, `cache_unwritable` where the disk refuses.
   */
  async write(offsetBytes: number, data: Uint8Array): Promise<FileRange | 'damaged' | undefined> {
    const { sha256, sizeBytes, path, target } = this.#parts;
    const end = offsetBytes + data.length;
    if (offsetBytes !== this.#offsetBytes || end > sizeBytes) {
      throw new AsyncDiffError(
        'worker_failed',
        `artifact ${sha256.slice(0, 12)}: bytes ${offsetBytes} to ${end} of ${sizeBytes} came, those from ${this.#offsetBytes} were expected`,
      );
    }
    await storing(path, () => this.#file.writeFile(data));
    this.#hash.update(data);
    this.#offsetBytes = end;
    if (end < sizeBytes) return undefined;
    if (this.#hash.digest('hex') !== sha256) {
      await this.discard();
      return 'damaged';
    }
    return storing(path, async () => {
      await this.#close();
      await rename(path, target);
      await this.#parts.onWhole();
      return { path: target, offsetBytes: 0, lengthBytes: sizeBytes };
    });
  }

  /** What has arrived stays, for the next try. */
  async keep(): Promise<void> {
    if (this.#isClosed) return;
    await this.#close();
    if (this.#offsetBytes === 0) await rm(this.#parts.path, { force: true });
  }

  /** Removes what there is of it. */
  async discard(): Promise<void> {
    if (this.#isClosed) return;
    await this.#close();
    await rm(this.#parts.path, { force: true });
  }

  /** Reads what an earlier try has left; what cannot be of this artifact is cut off. */
  async #goOn(): Promise<void> {
    const { size } = await this.#file.stat();
    // A whole one would have been renamed, unless its hash was wrong.
    if (size >= this.#parts.sizeBytes) {
      await this.#file.truncate(0);
      return;
    }
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, size)));
    while (this.#offsetBytes < size) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#offsetBytes);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#offsetBytes += bytesRead;
    }
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    await this.#file.close().catch(() => undefined);
    this.#parts.onReleased();
  }
}
