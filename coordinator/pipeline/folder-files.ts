import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type FileState, fileState } from '../../common/model-file/index.js';
import type { ModelFolder } from './kit/index.js';

/**
 * The files around the noise predictor as they were when their folder was opened. Tokenizers, configs and parts on workers are held from then on, so a folder that is
 * replaced meanwhile would draw with the parts of two models. The predictor's own files are looked at by every plan.
 */
export class FolderFiles {
  readonly #path: string;
  readonly #states: readonly FileState[];

  private constructor(path: string, states: readonly FileState[]) {
    this.#path = path;
    this.#states = states;
  }

  static async read(folder: ModelFolder, predictor: string): Promise<FolderFiles> {
    const { path, parts, tokenizers } = folder;
    const others = Object.entries(parts).filter(([name]) => name !== predictor);
    const folders = new Set([
      ...others.map(([, part]) => dirname(part.path)),
      ...Object.values(tokenizers),
      join(path, 'scheduler'),
    ]);
    // Results may be written beside model_index.json.
    folders.delete(path);
    const files = await Promise.all([...folders].map(filesOf));
    const paths = [join(path, 'model_index.json'), ...files.flat()];
    return new FolderFiles(path, await Promise.all(paths.map(fileState)));
  }

  /** Raises `model_invalid` that names a file which was changed, replaced or deleted since. */
  async check(): Promise<void> {
    const now = await Promise.all(this.#states.map(({ path }) => fileState(path)));
    const changed = this.#states.find(({ state }, at) => state !== now[at]?.state);
    if (changed === undefined) return;
    throw new AsyncDiffError(
      'model_invalid',
      `${relative(this.#path, changed.path)} of ${this.#path} has changed since this coordinator opened the folder`,
      { hint: 'Start the coordinator again: it then draws with the folder as it is.' },
    );
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => join(folder, name));
}
