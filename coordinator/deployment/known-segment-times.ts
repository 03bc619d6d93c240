import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../common/make-folder.js';
import { temporaryName } from '../../common/temporary-file.js';
import type { SegmentTimes } from './predicted-period.js';

/**
 * What the segments of a plan took on the devices that hold them, in a folder of the coordinator's: measuring costs each worker two runs of
 * everything it holds, which a second process with the same plan need not wait for.
 */
export class KnownSegmentTimes {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Milliseconds by `<worker id>/<segment id>`, as {@link keep} got them; undefined where there are none. */
  async get(planId: string, devices: readonly string[]): Promise<SegmentTimes | undefined> {
    try {
      return new Map(JSON.parse(await readFile(this.#file(planId, devices), 'utf8')) as [string, number][]);
    } catch {
      // None yet, or one that was cut short: they are measured again.
      return undefined;
    }
  }

  async keep(planId: string, devices: readonly string[], times: SegmentTimes): Promise<void> {
    const path = this.#file(planId, devices);
    const temporary = temporaryName(path);
    try {
      await makeFolder(this.#dir);
      await writeFile(temporary, JSON.stringify([...times]));
      await rename(temporary, path);
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  #file(planId: string, devices: readonly string[]): string {
    const key = createHash('sha256')
      .update(JSON.stringify([planId, devices]))
      .digest('hex')
      .slice(0, 32);
    return join(this.#dir, `${key}.json`);
  }
}
