import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolderSync } from '../../common/make-folder.js';
import { writeWholeSync } from '../../common/write-whole.js';

const namesSchema = z.array(z.string());

/**
 * Names of the workers that a coordinator has, on disk, so that one started in its place knows whom to wait for: a job that began with the first
 * worker to come back would be planned for it alone, and give other bits than before.
 */
export class KnownWorkers {
  readonly #path: string;

  /** @param listen address that the coordinator listens on: others may share the folder */
  constructor(folder: string, listen: string) {
    this.#path = join(
      folder,
      `workers-${createHash('sha256').update(listen).digest('hex').slice(0, 16)}.json`,
    );
  }

  /** Those that the coordinator before this one had; none where there was none, or its file cannot be read. */
  names(): readonly string[] {
    try {
      return namesSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch {
      return [];
    }
  }

  /** Best effort: a folder that cannot be written costs the next start its patience, and no job. */
  keep(names: readonly string[]): void {
    try {
      makeFolderSync(dirname(this.#path));
      writeWholeSync(this.#path, JSON.stringify(names));
    } catch {
      // As if there had been none.
    }
  }
}
