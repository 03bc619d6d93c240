import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own folder, found upwards so that it is the same from source (tests) and from `dist/`. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  const file = join(folder, 'package.json');
  if (existsSync(file) && readName(file) === 'asyncdiff') return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('asyncdiff: package.json not found above the code');
  return findRoot(parent);
}

function readName(file: string): unknown {
  return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name;
}

/** The package's version, from package.json. */
export const packageVersion: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;

/** Path of a compiled file, e.g. `distFile('worker/inference/inference-thread.js')`: threads and child processes need JavaScript. */
export function distFile(relative: string): string {
  return join(packageRoot, 'dist', relative);
}
