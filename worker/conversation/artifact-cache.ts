import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { ContentIndex, type FileRange } from '../../common/model-file/index.js';

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
 * Segments' graphs and tensors on disk, each a file named by the SHA-256 of its bytes. A file appears under its name only when it is whole and
 * its hash is right, so that a worker killed in mid-transfer leaves nothing that a later one would trust; a file that was changed
 * since is hashed again before it is used.
 */
export class ArtifactCache {
  readonly #dir: string;
  readonly #index: ContentIndex;
  readonly #incoming = new Map<string, Incoming>();

  constructor(dir: string) {
    this.#dir = dir;
    this.#index = new ContentIndex(join(dir, 'hashes'));
  }

  /** Where an artifact is kept. Throws `invalid_input` for what is no SHA-256: the name comes from the network and becomes a path. */
  path(sha256: string): string {
    if (!SHA256.test(sha256)) throw new AsyncDiffError('invalid_input', `not a SHA-256: "${sha256}"`);
    return join(this.#dir, sha256);
  }

  /** An artifact that is here, and is what its name says; one that is damaged is deleted. */
  async find(sha256: string): Promise<FileRange | undefined> {
    const path = this.path(sha256);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return undefined;
    const range = { path, offsetBytes: 0, lengthBytes: stats.size };
    if ((await this.confirm(new Map([[sha256, range]]))).has(sha256)) return range;
    await rm(path, { force: true });
    return undefined;
  }

  /** Those of these ranges of files of this host that can be read and have the content that they are listed under. */
  async confirm(ranges: ReadonlyMap<string, FileRange>): Promise<ReadonlyMap<string, FileRange>> {
    const confirmed = new Map<string, FileRange>();
    for (const path of new Set([...ranges.values()].map((range) => range.path))) {
      const own = [...ranges].filter(([, range]) => range.path === path);
      // A file that cannot be read, or is shorter, holds none of it.
      const hashes = await this.#index.hashRanges(own.map(([, range]) => range)).catch(() => []);
      own.forEach(([sha256, range], at) => {
        if (hashes[at] === sha256) confirmed.set(sha256, range);
      });
    }
    return confirmed;
  }

  /** Takes the next chunk; chunks of one artifact come in order. Resolves to its place when the artifact is complete. */
  async write(
    sha256: string,
    offsetBytes: number,
    data: Uint8Array,
    last: boolean,
  ): Promise<FileRange | undefined> {
    const incoming = await this.#open(sha256);
    if (offsetBytes !== incoming.offsetBytes) {
      await this.#discard(sha256);
      throw new AsyncDiffError(
        'worker_failed',
        `artifact ${sha256.slice(0, 12)}: chunk at ${offsetBytes}, expected ${incoming.offsetBytes}`,
      );
    }
    incoming.offsetBytes += data.length;
    incoming.hash.update(data);
    await incoming.file.write(data);
    if (!last) return undefined;
    await incoming.file.close();
    this.#incoming.delete(sha256);
    const actual = incoming.hash.digest('hex');
    if (actual !== sha256) {
      await rm(incoming.path, { force: true });
      throw new AsyncDiffError(
        'worker_failed',
        `artifact ${sha256.slice(0, 12)} arrived damaged (SHA-256 is ${actual.slice(0, 12)})`,
      );
    }
    const range = { path: this.path(sha256), offsetBytes: 0, lengthBytes: incoming.offsetBytes };
    await rename(incoming.path, range.path);
    await this.#index.remember(range, sha256);
    return range;
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
