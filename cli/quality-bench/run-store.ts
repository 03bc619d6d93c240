import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../common/make-folder.js';
import { formatNpy, readNpy } from '../../common/npy/index.js';
import { writeWhole } from '../../common/write-whole.js';
import type { Comparison, Drawn } from './comparison.js';

/** What of a run goes into the tables. */
export interface RunFacts {
  /** Time of the rounds alone. */
  readonly seconds: number;
  /** T, calls of the model. */
  readonly steps: number;
  readonly inOrder: number;
  readonly held: number;
  readonly driftSum: number;
  /** Over one worker, if network and coordinator cost nothing. */
  readonly idealSpeedup: number;
  /** As the run chose them, for the document. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly workers: number;
  /** Undefined for the sequential run itself. */
  readonly comparison?: Comparison | undefined;
}

/** A finished run; latents and picture only of those that are looked at again. */
export interface StoredRun {
  readonly facts: RunFacts;
  readonly drawn?: Drawn | undefined;
}

/** Finished runs by what they were made from: in memory, and in a folder where one is given, so that a bench that was ended goes on. */
export class RunStore {
  readonly #folder: string | undefined;
  readonly #kept = new Map<string, StoredRun>();

  constructor(folder: string | undefined) {
    this.#folder = folder === undefined ? undefined : join(folder, 'runs');
  }

  /** @param made everything that the run's bits and its time follow from */
  async find(made: unknown): Promise<StoredRun | undefined> {
    const key = keyOf(made);
    const kept = this.#kept.get(key);
    if (kept !== undefined || this.#folder === undefined) return kept;
    const path = join(this.#folder, key);
    const text = await readFile(`${path}.json`, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const { facts, hasDrawn } = JSON.parse(text) as { facts: RunFacts; hasDrawn: boolean };
    const drawn = hasDrawn
      ? { latents: await readNpy(`${path}.latents.npy`), picture: await readNpy(`${path}.picture.npy`) }
      : undefined;
    const run = { facts, drawn };
    this.#kept.set(key, run);
    return run;
  }

  async keep(made: unknown, run: StoredRun): Promise<void> {
    const key = keyOf(made);
    this.#kept.set(key, run);
    if (this.#folder === undefined) return;
    const path = join(this.#folder, key);
    await makeFolder(this.#folder);
    if (run.drawn !== undefined) {
      await writeWhole(`${path}.latents.npy`, formatNpy(run.drawn.latents));
      await writeWhole(`${path}.picture.npy`, formatNpy(run.drawn.picture));
    }
    // Last: what stands in the file is all there.
    const hasDrawn = run.drawn !== undefined;
    await writeWhole(`${path}.json`, `${JSON.stringify({ made, facts: run.facts, hasDrawn })}\n`);
  }
}

function keyOf(made: unknown): string {
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 32);
}
