import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';

/** Of a file: what is longer is about more than one thing. */
const MAX_LINES = 250;
/** Files that are a table: one row after another, read by looking up. */
const TABLES = ['common/settings/plan-settings.ts', 'scripts/family-notes.ts'];

function linesOf(path: string): number {
  return readFileSync(join(packageRoot, path), 'utf8').split('\n').length - 1;
}

/** Folders that are made: by npm, the compiler, the commands, the generator of types. */
const MADE = new Set(['node_modules', 'dist', 'out', 'gen']);

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return MADE.has(entry.name) || entry.name.startsWith('.') ? [] : sources(path);
    return /\.(ts|mjs|js)$/.test(entry.name) ? [path] : [];
  });
}

describe('a file is about one thing', () => {
  const own = sources('.');

  it(`has at most ${MAX_LINES} lines, tables apart`, () => {
    expect(own.length).toBeGreaterThan(900);
    const long = own.filter((path) => !TABLES.includes(path) && linesOf(path) > MAX_LINES);
    expect(long).toEqual([]);
  });

  it('tables that are no longer too long are files like others', () => {
    expect(TABLES.filter((path) => linesOf(path) <= MAX_LINES)).toEqual([]);
  });
});
