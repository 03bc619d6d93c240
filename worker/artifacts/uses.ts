import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostIdentity } from '../../common/host-identity.js';
import { isAlive } from '../../common/is-alive.js';
import { makeFolder } from '../../common/make-folder.js';

/** Which artifacts are in use, by any process that shares the folder: a file `<host>.<process>.<random>` for each part, with a SHA-256 a line. */
export class ArtifactUses {
  readonly #dir: string;
  readonly #host = hostIdentity().hostId.slice(0, 8);

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** From now on these are in use; until the function that it returns is called, or this process ends. */
  async add(names: Iterable<string>): Promise<() => Promise<void>> {
    const path = join(this.#dir, `${this.#host}.${process.pid}.${randomBytes(4).toString('hex')}`);
    await makeFolder(this.#dir);
    await writeFile(path, [...names].join('\n'));
    return () => rm(path, { force: true });
  }

  /** What is in use. Notes of processes that have ended are removed; of those on other hosts that is not known. */
  async all(): Promise<ReadonlySet<string>> {
    const used = new Set<string>();
    for (const name of await readdir(this.#dir).catch(() => [])) {
      const [host, pid] = name.split('.');
      const path = join(this.#dir, name);
      if (host === this.#host && !isAlive(Number(pid))) await rm(path, { force: true });
      else for (const sha256 of (await readFile(path, 'utf8').catch(() => '')).split('\n')) used.add(sha256);
    }
    return used;
  }
}
