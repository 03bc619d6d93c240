import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vitest/config';

/**
 * Tests import the product as it is compiled: Node loads it by itself, where Vite would transform every file and hand it to every test process.
 * Where a file of `dist/` is older than its source, tests read the sources, all of them: a module must not be there twice.
 */
export function compiledProduct(root: string): Plugin | undefined {
  const stale = firstStale(root, '.');
  if (stale !== undefined) {
    process.stderr.write(
      `dist/ is older than ${stale}: tests read the sources, which takes longer (npm run build)\n`,
    );
    return undefined;
  }
  return {
    name: 'compiled-product',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (importer === undefined || !specifier.startsWith('.')) return undefined;
      const path = relative(root, join(importer, '..', specifier));
      if (path.startsWith('..') || path.startsWith(`test${sep}`) || path.startsWith('dist')) return undefined;
      const compiled = join(root, 'dist', path);
      return existsSync(compiled) ? { id: compiled, external: true } : undefined;
    },
  };
}

const APART = new Set(['dist', 'node_modules', 'test', 'docs', 'examples', 'models', 'out', 'proto']);

/** The first source that is newer than what was compiled of it. */
function firstStale(root: string, folder: string): string | undefined {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      // Generated types are nothing where they are compiled, and made again with each check.
      if (entry.name === 'gen') continue;
      if (entry.name.startsWith('.') || (folder === '.' && APART.has(entry.name))) continue;
      const stale = firstStale(root, path);
      if (stale !== undefined) return stale;
    } else if (/(?<!\.d)\.ts$/.test(entry.name)) {
      const compiled = join(root, 'dist', path.replace(/\.ts$/, '.js'));
      const made = statSync(compiled, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (made < statSync(join(root, path)).mtimeMs) return path;
    }
  }
  return undefined;
}
