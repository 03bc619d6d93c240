import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';

const SHA256 = /^[0-9a-f]{64}$/;

interface Incoming {
  readonly file: FileHandle;
  readonly path: string;
  readonly hash: ReturnType<typeof createHash>;
  offsetBytes: number;
}

/** Default place of the cache, shared by the workers of one user on one host. */
export function defaultCacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'asyncdiff', 'segments');
}

/**
 * Segment models on disk, by the SHA-256 of their bytes. A file appears under its name only when it is whole and its
 * hash is right, so that a worker killed in mid-transfer leaves nothing that a later one would trust.
 */
export class ArtifactCache {
  readonly #dir: string;
  readonly #incoming = new Map<string, Incoming>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  has(sha256: string): boolean {
    return existsSync(this.path(sha256));
  }

  path(sha256: string): string {
    // The name comes from the network and becomes a path.
    if (!SHA256.test(sha256)) throw new AsyncDiffError('invalid_input', `not a SHA-256: "${sha256}"`);
    return join(this.#dir, `${sha256}.onnx`);
  }

  /** Takes the next chunk; chunks of one artifact come in order. Resolves true when the artifact is complete. */
  async write(sha256: string, offsetBytes: number, data: Uint8Array, last: boolean): Promise<boolean> {
    const incoming = await this.#open(sha256);
    if (offsetBytes !== incoming.offsetBytes) {
      await this.#discard(sha256);
      throw new AsyncDiffError(
        'worker_failed',
        `segment ${sha256.slice(0, 12)}: chunk at ${offsetBytes}, expected ${incoming.offsetBytes}`,
      );
    }
    incoming.offsetBytes += data.length;
    incoming.hash.update(data);
    await incoming.file.write(data);
    if (!last) return false;
    await incoming.file.close();
    this.#incoming.delete(sha256);
    const actual = incoming.hash.digest('hex');
    if (actual !== sha256) {
      await rm(incoming.path, { force: true });
      throw new AsyncDiffError(
        'worker_failed',
        `segment ${sha256.slice(0, 12)} arrived damaged (SHA-256 is ${actual.slice(0, 12)})`,
      );
    }
    await rename(incoming.path, this.path(sha256));
    return true;
  }

  /** Drops unfinished transfers. */
  async close(): Promise<void> {
    for (const sha256 of this.#incoming.keys()) await this.#discard(sha256);
  }

  async #open(sha256: string): Promise<Incoming> {
    const known = this.#incoming.get(sha256);
    if (known !== undefined) return known;
    const target = this.path(sha256);
    await mkdir(this.#dir, { recursive: true });
    // Several workers share the folder: each writes to a name of its own.
    const path = `${target}.${randomUUID()}.part`;
    const incoming: Incoming = {
      file: await open(path, 'wx'),
      path,
      hash: createHash('sha256'),
      offsetBytes: 0,
    };
    this.#incoming.set(sha256, incoming);
    return incoming;
  }

  async #discard(sha256: string): Promise<void> {
    const incoming = this.#incoming.get(sha256);
    if (incoming === undefined) return;
    this.#incoming.delete(sha256);
    await incoming.file.close().catch(() => undefined);
    await rm(incoming.path, { force: true });
  }
}
