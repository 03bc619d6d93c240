import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { packageRoot } from '../../common/package.js';

const STATIC = /^\s*(?:import\s*|(?:import|export)\s[\w\s{},*$]*?\sfrom\s*)'([^']+)'/gm;

/** What importing a compiled file loads before a line of it runs: files of `dist/`, and packages. Imports made on use are not followed. */
export function importClosure(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const open = [join(packageRoot, entry)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    const name = relative(packageRoot, file);
    if (files.has(name)) continue;
    files.add(name);
    for (const [, spec = ''] of readFileSync(file, 'utf8').matchAll(STATIC)) {
      if (spec.startsWith('.')) open.push(join(dirname(file), spec));
      else packages.add(packageOf(spec));
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

function packageOf(spec: string): string {
  return spec.startsWith('node:') ? spec : spec.split('/', spec.startsWith('@') ? 2 : 1).join('/');
}
