import { join } from 'node:path';
import { z } from 'zod';
import { keepFile, touchKept } from '../../common/kept-files.js';
import { readKeptJson } from '../../common/kept-json.js';
import { type Choice, choiceKey, type PlanRequest } from '../../planner/index.js';

/** Choices that are kept: a few kilobytes each. */
const LIMITS = { maxFiles: 2000 };
const MAX_IN_MEMORY = 256;

const count = z.int().min(1).max(1024);
const judged = z.looseObject({
  name: z.string(),
  verdict: z.enum(['chosen', 'slower', 'error', 'impossible']),
  halves: z.literal([1, 2]),
  components: count,
  stride: count,
  stepParallel: count,
  lag: z.literal([1, 2]),
  seconds: z.number().optional(),
  isSimulated: z.boolean(),
  speedup: z.number().optional(),
  error: z.number().optional(),
  shape: z.enum(['sequential', 'u-shaped']).optional(),
  inOrder: z.number().optional(),
  why: z.string(),
});
const choiceSchema: z.ZodType<Choice> = z.looseObject({
  chosen: judged.refine(({ verdict }) => verdict === 'chosen'),
  judged: z.array(judged),
  limit: z.number(),
  advice: z.string(),
}) as never;

/** What was chosen for a request before, and the key under which something else is kept in its place. */
interface FoundChoice {
  readonly key: string;
  /** Undefined where none was made yet; what is there and cannot be read counts as none. */
  readonly choice: Choice | undefined;
}

/**
 * What was chosen for which job on which machines, kept in a folder: the same job gets the same program, and so the same bits, also from the next
 * coordinator. Links count by their class only.
 */
export class Choices {
  readonly #folder: string;
  readonly #kept = new Map<string, Choice>();

  constructor(workDir: string) {
    this.#folder = join(workDir, 'choices');
  }

  async find(request: PlanRequest): Promise<FoundChoice> {
    const key = await choiceKey(request);
    const known = this.#kept.get(key);
    if (known !== undefined) return { key, choice: known };
    const choice = await readKeptJson(this.#path(key), choiceSchema);
    if (choice === undefined) return { key, choice };
    this.#remember(key, choice);
    await touchKept(this.#path(key));
    return { key, choice };
  }

  async keep(key: string, choice: Choice): Promise<void> {
    this.#remember(key, choice);
    await keepFile(this.#path(key), `${JSON.stringify(choice)}\n`, LIMITS);
  }

  /** Keeps it in memory as the newest. The oldest is dropped there, and read from disk when it is asked for. */
  #remember(key: string, choice: Choice): void {
    this.#kept.delete(key);
    this.#kept.set(key, choice);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_IN_MEMORY && oldest !== undefined) this.#kept.delete(oldest);
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.json`);
  }
}
