import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hostIdentity } from '../../common/host-identity.js';
import { isAlive } from '../../common/is-alive.js';
import { makeFolder } from '../../common/make-folder.js';

/** Age after which what has arrived of an artifact is deleted. */
const MAX_KEPT_MS = 24 * 3_600_000;
/** A part file of a process on another host is free when nothing was written to it for so long: whether the process lives cannot be asked. */
const SILENT_MS = 3_600_000;

/** Part files that this process writes to. */
const open = new Set<string>();

/** What has arrived of artifacts, each in a file `<SHA-256>.<host>.<process>.<random>`: whose process is gone is free for the next try. */
export class PartFiles {
  readonly #dir: string;
  readonly #host = hostIdentity().hostId.slice(0, 8);

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** A file of this process alone, empty or with what an earlier try has left. */
  async claim(sha256: string): Promise<string> {
    await makeFolder(this.#dir);
    const name = `${sha256}.${this.#host}.${process.pid}.${randomBytes(4).toString('hex')}`;
    const path = join(this.#dir, name);
    open.add(path);
    for (const left of await this.#names()) {
      if (!left.startsWith(`${sha256}.`) || !(await this.#isFree(left))) continue;
      const isOurs = await rename(join(this.#dir, left), path).then(
        () => true,
        // Another process was faster.
        () => false,
      );
      if (isOurs) break;
    }
    return path;
  }

  /** It is not written to any more; another try may go on with it. */
  release(path: string): void {
    open.delete(path);
  }

  /** Removes what nobody has gone on with for a day. Returns the bytes of what is left. */
  async sweep(): Promise<number> {
    let leftBytes = 0;
    for (const name of await this.#names()) {
      const path = join(this.#dir, name);
      const file = await stat(path).catch(() => undefined);
      if (file === undefined) continue;
      if (Date.now() - file.mtimeMs > MAX_KEPT_MS && (await this.#isFree(name)))
        await rm(path, { force: true });
      else leftBytes += file.size;
    }
    return leftBytes;
  }

  async #names(): Promise<string[]> {
    return readdir(this.#dir).catch(() => []);
  }

  async #isFree(name: string): Promise<boolean> {
    const [, host = '', pid = ''] = name.split('.');
    const path = join(this.#dir, name);
    if (host !== this.#host) {
      const file = await stat(path).catch(() => undefined);
      return file !== undefined && Date.now() - file.mtimeMs > SILENT_MS;
    }
    return Number(pid) === process.pid ? !open.has(path) : !isAlive(Number(pid));
  }
}
