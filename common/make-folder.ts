import { existsSync, mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AsyncDiffError } from './errors/index.js';

/**
 * Makes a folder and those above it; one that is there is left as it is. The first that is missing is made by itself: Node's recursive
 * `mkdir` tries for ever where a file system (`/proc`) answers that nothing can be made in a folder that is there.
 * @throws AsyncDiffError `cache_unwritable`
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    const first = firstMissing(path);
    if (first !== undefined) await mkdir(first).catch(unlessThere);
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw notMade(path, error);
  }
}

/** The same, for who may block. */
export function makeFolderSync(path: string): void {
  try {
    const first = firstMissing(path);
    if (first !== undefined) {
      try {
        mkdirSync(first);
      } catch (error) {
        unlessThere(error);
      }
    }
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw notMade(path, error);
  }
}

function firstMissing(path: string): string | undefined {
  let at = resolve(path);
  if (existsSync(at)) return undefined;
  for (let parent = dirname(at); parent !== at && !existsSync(parent); parent = dirname(at)) at = parent;
  return at;
}

/** Another process was faster, or it is a link to nothing, of which the next call tells. */
function unlessThere(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}

function notMade(path: string, cause: unknown): AsyncDiffError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AsyncDiffError('cache_unwritable', `cannot make the folder ${path}: ${why}`, { cause });
}
