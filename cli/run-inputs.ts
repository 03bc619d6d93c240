import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readNpy } from '../common/npy/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { RunOptions } from '../client/index.js';

/** A list as it was given. */
export interface GivenList {
  readonly items: RunOptions['items'];
  readonly inputs: NonNullable<RunOptions['inputs']>;
  readonly states: NonNullable<RunOptions['states']>;
}

/**
 * What `run` takes, from its flags: an input with several files (or a folder of them) is the list, one with one file is the same for every
 * item, unless no input has more; a state's file is the first item's.
 * @throws AsyncDiffError `usage` for lists of different lengths, `file_not_found`
 */
export async function readList(flags: {
  readonly input: readonly string[];
  readonly state?: readonly string[];
}): Promise<GivenList> {
  const states = (flags.state ?? []).map((text) => {
    const [output, input] = namePair(text, '--state takes OUTPUT=INPUT');
    return { output, input };
  });
  const carried = new Set(states.map(({ input }) => input));
  const files = new Map<string, string[]>();
  for (const text of flags.input) {
    const [name, path] = namePair(text, '--input takes NAME=FILE.npy, or a folder');
    files.set(name, [...(files.get(name) ?? []), ...(await filesOf(path))]);
  }
  const given = [...files].filter(([name]) => !carried.has(name));
  const count = Math.max(0, ...given.map(([, { length }]) => length));
  const lists = given.filter(([, { length }]) => length === count);
  const uneven = given.find(([, { length }]) => length !== count && length !== 1);
  if (uneven !== undefined)
    throw new AsyncDiffError(
      'usage',
      `--input ${uneven[0]} has ${uneven[1].length} files, ${lists[0]?.[0]} has ${count}: as many for each, or one for all items`,
    );
  const inputs: Record<string, Tensor> = {};
  for (const [name, paths] of files) {
    if (carried.has(name) && paths.length > 1)
      throw new AsyncDiffError(
        'usage',
        `--input ${name} has ${paths.length} files: a state has the first item's`,
      );
    const isOne = carried.has(name) || paths.length !== count;
    if (isOne && paths[0] !== undefined) inputs[name] = await readNpy(paths[0]);
  }
  const items: Record<string, Tensor>[] = [];
  for (let at = 0; at < count; at++) {
    const item: Record<string, Tensor> = {};
    for (const [name, paths] of lists) item[name] = await readNpy(paths[at] as string);
    items.push(item);
  }
  return { items, inputs, states };
}

/** The two sides of `A=B`. @throws AsyncDiffError `usage`; `what`: what the flag takes */
export function namePair(text: string, what: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) throw new AsyncDiffError('usage', `${what}, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function filesOf(path: string): Promise<string[]> {
  if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.npy')).sort();
  if (names.length === 0) throw new AsyncDiffError('file_not_found', `${path} has no .npy files`);
  return names.map((name) => join(path, name));
}

/** A graph's name for a value as a part of a file's: it may have slashes. */
export function fileName(value: string): string {
  return value.replace(/[^\w.-]+/g, '_');
}
