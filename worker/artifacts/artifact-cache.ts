import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { makeFolder } from '../../common/make-folder.js';
import { ContentIndex, type FileRange } from '../../common/model-file/index.js';
import { DEFAULT_CACHE_MAX_BYTES, makeRoom } from './cache-room.js';
import { IncomingArtifact } from './incoming-artifact.js';
import { PartFiles } from './part-file.js';
import { storing } from './storing.js';
import { ArtifactUses } from './uses.js';

const SHA256 = /^[0-9a-f]{64}$/;
const READ_BYTES = 1 << 20;
/** What an earlier format of the cache left of transfers that were cut. */
const OLD_PART = /\.part$/;

/** Default place of the cache, shared by the workers of one user on one host. */
export function defaultCacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'asyncdiff', 'segments');
}

/**
 * Segments' graphs and tensors on disk, each a file named by the SHA-256 of its bytes. A file appears under its name only when it is whole and
 * its hash is right; what has arrived of one that is not whole lies in `parts/`, for the next try. A process reads each file once and holds
 * it against its name before it uses it: what has happened on the disk since it was written is noticed.
 */
export class ArtifactCache {
  readonly #dir: string;
  readonly #index: ContentIndex;
  readonly #partFiles: PartFiles;
  /** Files that this process has held against their names, as they were then. */
  readonly #checked = new Map<string, string>();

  readonly #maxBytes: number;
  readonly #uses: ArtifactUses;

  /** @param maxBytes what it may hold; the least recently used gives way, never what is in use */
  constructor(dir: string, maxBytes: number = DEFAULT_CACHE_MAX_BYTES) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
    this.#uses = new ArtifactUses(join(dir, 'uses'));
    this.#index = new ContentIndex(join(dir, 'hashes'));
    this.#partFiles = new PartFiles(join(dir, 'parts'));
  }

  get dir(): string {
    return this.#dir;
  }

  /** Where an artifact is kept. Throws `invalid_input` for what is no SHA-256: the name comes from the network and becomes a path. */
  path(sha256: string): string {
    if (!SHA256.test(sha256)) throw new AsyncDiffError('invalid_input', `not a SHA-256: "${sha256}"`);
    return join(this.#dir, sha256);
  }

  /** Bytes that `find` would have to read. */
  async uncheckedBytes(sha256: string): Promise<number> {
    const file = await look(this.path(sha256));
    return file === undefined || this.#checked.get(sha256) === file.state ? 0 : file.sizeBytes;
  }

  /** An artifact that is here, and is what its name says; one that is damaged is deleted. `onBytes`: so many more were read. */
  async find(
    sha256: string,
    onBytes: (bytes: number) => void = () => undefined,
  ): Promise<FileRange | undefined> {
    const path = this.path(sha256);
    const file = await look(path);
    if (file === undefined) return undefined;
    if (this.#checked.get(sha256) !== file.state) {
      if ((await hashOf(path, onBytes)) !== sha256) {
        await rm(path, { force: true });
        return undefined;
      }
      this.#checked.set(sha256, file.state);
    }
    // The time of its last use, by which the oldest is known.
    await touch(path, file.changedUs);
    return { path, offsetBytes: 0, lengthBytes: file.sizeBytes };
  }

  /** Those of these ranges of files of this host that can be read and have the content that they are listed under. */
  async confirm(
    ranges: ReadonlyMap<string, FileRange>,
    onBytes: (bytes: number) => void = () => undefined,
  ): Promise<ReadonlyMap<string, FileRange>> {
    const confirmed = new Map<string, FileRange>();
    for (const path of new Set([...ranges.values()].map((range) => range.path))) {
      const own = [...ranges].filter(([, range]) => range.path === path);
      // A file that cannot be read, or is shorter, holds none of it.
      const hashes = await this.#index
        .hashRanges(
          own.map(([, range]) => range),
          { onBytes },
        )
        .catch(() => []);
      own.forEach(([sha256, range], at) => {
        if (hashes[at] === sha256) confirmed.set(sha256, range);
      });
    }
    return confirmed;
  }

  /** These are in use from now on, until the function that it returns is called. Throws `cache_unwritable`. */
  use(names: Iterable<string>): Promise<() => Promise<void>> {
    return storing(this.#dir, () => this.#uses.add(names));
  }

  /** Makes room for what is to come; see {@link makeRoom}. Throws `cache_unwritable`. */
  async reserve(neededBytes: number, ownBytes: number): Promise<void> {
    await storing(this.#dir, async () => {
      await makeFolder(this.#dir);
      await makeRoom(this.#dir, this.#maxBytes, neededBytes, ownBytes);
    });
  }

  /** A transfer begins, or goes on with what is here of an earlier one. Throws `cache_unwritable`. */
  async begin(sha256: string, sizeBytes: number): Promise<IncomingArtifact> {
    const target = this.path(sha256);
    return storing(this.#dir, async () => {
      await makeFolder(this.#dir);
      const path = await this.#partFiles.claim(sha256);
      return IncomingArtifact.open({
        sha256,
        sizeBytes,
        path,
        target,
        onReleased: () => this.#partFiles.release(path),
        onWhole: async () => {
          const file = await look(target);
          if (file !== undefined) this.#checked.set(sha256, file.state);
        },
      });
    });
  }

  /** Removes what killed processes have left behind and nobody has gone on with. */
  async sweep(): Promise<void> {
    await this.#partFiles.sweep();
    const names = await readdir(this.#dir).catch(() => []);
    for (const name of names.filter((each) => OLD_PART.test(each)))
      await rm(join(this.#dir, name), { force: true });
  }
}

interface Look {
  readonly sizeBytes: number;
  /** Microseconds since 1970: so exactly can the time be put back. */
  readonly changedUs: bigint;
  /** Another one after any writing. */
  readonly state: string;
}

async function look(path: string): Promise<Look | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return undefined;
  const { size, mtimeNs, ino } = stats;
  const changedUs = mtimeNs / 1000n;
  return { sizeBytes: Number(size), changedUs, state: [size, changedUs, ino].join('/') };
}

/** Sets the time of reading to now and leaves that of writing as it is; half a microsecond more, for what follows is cut off. */
async function touch(path: string, changedUs: bigint): Promise<void> {
  await utimes(path, Date.now() / 1000, (Number(changedUs) + 0.5) / 1e6).catch(() => undefined);
}

async function hashOf(path: string, onBytes: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    hash.update(chunk as Buffer);
    onBytes((chunk as Buffer).length);
  }
  return hash.digest('hex');
}
