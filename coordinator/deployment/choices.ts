import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keepFile, touchKept } from '../../common/kept-files.js';
import { type Choice, choiceKey, type PlanRequest } from '../../planner/index.js';

/** Choices that are kept: a few kilobytes each. */
const LIMITS = { maxFiles: 2000 };

/** What was chosen for a request before, and the key under which something else is kept in its place. */
export interface FoundChoice {
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
    const text = await readFile(this.#path(key), 'utf8').catch(() => undefined);
    const choice = text === undefined ? undefined : parse(text);
    if (choice === undefined) return { key, choice };
    this.#kept.set(key, choice);
    await touchKept(this.#path(key));
    return { key, choice };
  }

  async keep(key: string, choice: Choice): Promise<void> {
    this.#kept.set(key, choice);
    await keepFile(this.#path(key), `${JSON.stringify(choice)}\n`, LIMITS);
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.json`);
  }
}

function parse(text: string): Choice | undefined {
  try {
    const choice = JSON.parse(text) as Partial<Choice>;
    return choice.chosen?.verdict === 'chosen' && Array.isArray(choice.judged)
      ? (choice as Choice)
      : undefined;
  } catch {
    return undefined;
  }
}
