import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolderSync } from '../../common/make-folder.js';
import { writeWholeSync } from '../../common/write-whole.js';
import { coarseMachines, type LinkClass, type Machines } from '../../planner/index.js';

const FILE = 'links.json';
/** Links that are remembered, the newest: those of 64 workers to each other. */
const MAX_LINKS = 4096;

const schema = z.array(
  z.tuple([
    z.string(),
    z.strictObject({ roundTripMs: z.number().nonnegative(), bytesPerSecond: z.number().nonnegative() }),
  ]),
);

/**
 * Of which class the links between workers are, by the workers' names, in a file: a link at the edge of two classes stays in the one that it was in first, so
 * that the next process cuts as this one does.
 */
export class LinkClasses {
  readonly #path: string;
  readonly #known: Map<string, LinkClass>;

  constructor(workDir: string) {
    this.#path = join(workDir, FILE);
    this.#known = new Map(read(this.#path));
  }

  /** The machines with the classes of their links. */
  of(measured: Machines): Machines {
    const classed = coarseMachines(measured, (from, to) => this.#known.get(keyOf(from, to)));
    const found = [
      ...classed.workers.map(
        ({ id, roundTripMs }) => [keyOf(id, ''), { roundTripMs, bytesPerSecond: 0 }] as const,
      ),
      ...classed.links.map(
        ({ from, to, roundTripMs, bytesPerSecond }) =>
          [keyOf(from, to), { roundTripMs, bytesPerSecond }] as const,
      ),
    ].filter(([, { roundTripMs }]) => roundTripMs > 0);
    const isNew = found.some(([key, one]) => JSON.stringify(this.#known.get(key)) !== JSON.stringify(one));
    if (!isNew) return classed;
    for (const [key, one] of found) {
      this.#known.delete(key);
      this.#known.set(key, one);
    }
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MAX_LINKS) break;
      this.#known.delete(key);
    }
    this.#write();
    return classed;
  }

  /** It is a memory, no more: without it a link is of the class nearest to what it measures. */
  #write(): void {
    try {
      makeFolderSync(dirname(this.#path));
      writeWholeSync(this.#path, JSON.stringify([...this.#known]));
    } catch {
      // The class is then found anew.
    }
  }
}

function keyOf(from: string, to: string): string {
  return JSON.stringify([from, to]);
}

function read(path: string): [string, LinkClass][] {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // None yet, or one that is damaged.
    return [];
  }
}
