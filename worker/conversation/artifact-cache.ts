import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { ContentIndex, type FileRange } from '../../common/model-file/index.js';

const SHA256 = /^[0-9a-f]{64}$/;
/** An unfinished transfer that was not written to for so long is of a process that was killed. */
const STALE_MS = 3_600_000;

export interface ArtifactChunk {
  readonly sha256: string;
  readonly offsetBytes: number;
  readonly data: Uint8Array;
  readonly last: boolean;
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

  /** A transfer begins. Throws `cache_unwritable`. */
  async begin(sha256: string): Promise<IncomingArtifact> {
    const target = this.path(sha256);
    return storing(this.#dir, async () => {
      await mkdir(this.#dir, { recursive: true });
      // Several workers share the folder: each writes to a name of its own.
      const path = `${target}.${randomUUID()}.part`;
      return new IncomingArtifact({
        sha256,
        file: await open(path, 'wx'),
        path,
        target,
        onWhole: (range) => this.#index.remember(range, sha256),
      });
    });
  }

  /** Removes what killed processes have left behind. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.part'))) {
      const path = join(this.#dir, name);
      const file = await stat(path).catch(() => undefined);
      if (file !== undefined && Date.now() - file.mtimeMs > STALE_MS) await rm(path, { force: true });
    }
  }
}

interface IncomingParts {
  readonly sha256: string;
  readonly file: FileHandle;
  readonly path: string;
  readonly target: string;
  readonly onWhole: (range: FileRange) => Promise<void>;
}

/** One artifact on its way in. */
export class IncomingArtifact {
  readonly #parts: IncomingParts;
  readonly #hash = createHash('sha256');
  #offsetBytes = 0;
  #isClosed = false;
  /** It did not arrive as it was sent: asked for once more, it may. */
  isDamaged = false;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** Takes the next chunk. Resolves to its place when the artifact is whole; throws `worker_failed`, or `cache_unwritable` where the disk refuses. */
  async write({ offsetBytes, data, last }: ArtifactChunk): Promise<FileRange | undefined> {
    const { sha256, file, path, target } = this.#parts;
    if (offsetBytes !== this.#offsetBytes) {
      this.isDamaged = true;
      throw new AsyncDiffError(
        'worker_failed',
        `artifact ${sha256.slice(0, 12)}: chunk at ${offsetBytes}, expected ${this.#offsetBytes}`,
      );
    }
    this.#offsetBytes += data.length;
    this.#hash.update(data);
    return storing(path, async () => {
      await file.writeFile(data);
      if (!last) return undefined;
      this.#isClosed = true;
      await file.close();
      const actual = this.#hash.digest('hex');
      if (actual !== sha256) {
        this.isDamaged = true;
        throw new AsyncDiffError(
          'worker_failed',
          `artifact ${sha256.slice(0, 12)} arrived damaged (SHA-256 is ${actual.slice(0, 12)})`,
        );
      }
      await rename(path, target);
      const range = { path: target, offsetBytes: 0, lengthBytes: this.#offsetBytes };
      await this.#parts.onWhole(range);
      return range;
    });
  }

  /** Removes what there is of it. */
  async discard(): Promise<void> {
    if (!this.#isClosed) await this.#parts.file.close().catch(() => undefined);
    this.#isClosed = true;
    await rm(this.#parts.path, { force: true });
  }
}

/** What the file system refuses, as an error that says what is wrong with the disk. */
async function storing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof AsyncDiffError || code === '') throw error;
    throw new AsyncDiffError('cache_unwritable', `cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
