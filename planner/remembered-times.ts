import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readKeptJsonSync } from '../common/kept-json.js';
import { makeFolderSync } from '../common/make-folder.js';
import { writeWholeSync } from '../common/write-whole.js';
import type { SessionTime } from './calibration/index.js';

/** What is known of the times of a predictor's sessions on some devices. */
export interface KnownTimes {
  /** From all turns, the first one first. */
  readonly times: readonly SessionTime[];
  /** How often the predictor was cut again because of them. */
  readonly turn: number;
  /** No further turn is made: another one would not be worth it, or was not. */
  readonly isSettled: boolean;
}

/** Of which predictor, devices and settings. */
export interface TimesSubject {
  /** The predictor at its shapes. */
  readonly predictor: string;
  /** What the workers are, in the order in which they hold the components. */
  readonly devices: readonly string[];
  /** All that a plan is made from besides. */
  readonly settings: unknown;
}

const NOTHING: KnownTimes = Object.freeze({ times: [], turn: 0, isSettled: false });
/** Format of the files; raised when the times in them mean something else. */
const FORMAT = 1;

/** Settings whose times are kept for a predictor and its devices; the oldest are dropped. */
const MAX_SETTINGS = 64;

const index = z.int().nonnegative();
const schema = z.strictObject({
  format: z.literal(FORMAT),
  bySettings: z.record(
    z.string(),
    z.strictObject({
      times: z.array(
        z.strictObject({
          worker: index,
          nodes: z.array(z.tuple([index, index])),
          ms: z.number().nonnegative(),
        }),
      ),
      turn: index,
      isSettled: z.boolean(),
    }),
  ),
});
type File = z.infer<typeof schema>;

/**
 * Times that were measured, in a folder of the coordinator's. A plan with settings that were never measured on these devices begins with
 * those of the ones that were measured last.
 */
export class RememberedTimes {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  get(subject: TimesSubject): KnownTimes {
    const { bySettings } = this.#read(subject);
    const known = bySettings[keyOf(subject.settings)];
    if (known !== undefined) return known;
    const last = Object.values(bySettings).findLast(({ times }) => times.length > 0);
    return last === undefined ? NOTHING : { ...NOTHING, times: last.times };
  }

  /** It is a memory, no more: where it cannot be written, the next process measures again. */
  keep(subject: TimesSubject, known: KnownTimes): void {
    const key = keyOf(subject.settings);
    const others = Object.entries(this.#read(subject).bySettings).filter(([other]) => other !== key);
    const bySettings = Object.fromEntries([...others.slice(1 - MAX_SETTINGS), [key, known]]);
    const file = { format: FORMAT, bySettings };
    try {
      makeFolderSync(this.#dir);
      writeWholeSync(this.#file(subject), JSON.stringify(file));
    } catch {
      // Nothing is remembered.
    }
  }

  #read(subject: TimesSubject): File {
    return readKeptJsonSync(this.#file(subject), schema) ?? { format: FORMAT, bySettings: {} };
  }

  #file({ predictor, devices }: TimesSubject): string {
    return join(this.#dir, `${keyOf([predictor, devices])}.json`);
  }
}

function keyOf(what: unknown): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32);
}
