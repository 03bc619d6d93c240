import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { keepFile } from '../../common/kept-files.js';
import { readKeptJson } from '../../common/kept-json.js';
import type { SegmentTimes } from './predicted-period.js';

/** Files of about a kilobyte. */
const LIMITS = { maxFiles: 2000 };
const schema = z.array(z.tuple([z.string(), z.number().nonnegative()]));

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
    // None yet, or damaged: they are measured again.
    const times = await readKeptJson(this.#file(planId, devices), schema);
    return times === undefined ? undefined : new Map(times);
  }

  async keep(planId: string, devices: readonly string[], times: SegmentTimes): Promise<void> {
    await keepFile(this.#file(planId, devices), JSON.stringify([...times]), LIMITS).catch(() => undefined);
  }

  #file(planId: string, devices: readonly string[]): string {
    const key = createHash('sha256')
      .update(JSON.stringify([planId, devices]))
      .digest('hex')
      .slice(0, 32);
    return join(this.#dir, `${key}.json`);
  }
}
