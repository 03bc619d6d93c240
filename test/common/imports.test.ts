import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';

/** Floors of the house, lowest first: a folder imports from its own floor's folder and from floors below. docs/architecture.md draws them. */
const FLOORS = [
  ['common'],
  ['samplers', 'program', 'rpc'],
  ['execution'],
  ['protocol', 'planner'],
  ['worker', 'coordinator'],
  ['client'],
  ['cli'],
  ['scripts'],
];
const PURE = ['program', 'samplers', 'planner/search', 'planner/simulator', 'planner/choice'];
const IO = /^(node:(fs|net|http|http2|child_process|worker_threads|os)|onnxruntime-node|@grpc\/)/;

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') && !path.includes('/gen/') ? [path] : [];
  });
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(packageRoot, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] as string);
}

/** Folders of code, lowest floor first. */
const FOLDERS = FLOORS.flat();

/** Of every folder, the other ones that a file of it imports from: each is an arrow. */
function arrows(): Map<string, Set<string>> {
  return new Map(
    FOLDERS.map((folder) => {
      const targets = sources(folder).flatMap((path) =>
        importsOf(path)
          .filter((spec) => spec.startsWith('.'))
          .map((spec) => normalize(join(dirname(path), spec)).split('/')[0] as string),
      );
      return [folder, new Set(targets.filter((target) => target !== folder && FOLDERS.includes(target)))];
    }),
  );
}

/** The table of docs/architecture.md: a row imports from the columns that are marked. */
function drawing(): string {
  const all = arrows();
  const columns = FOLDERS.filter((folder) => [...all.values()].some((targets) => targets.has(folder)));
  const importers = FOLDERS.filter((folder) => (all.get(folder)?.size ?? 0) > 0);
  const count = [...all.values()].reduce((sum, targets) => sum + targets.size, 0);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line([`${count} arrows`, ...columns.map((column) => `\`${column}\``)]),
    line(['---', ...columns.map(() => ':-:')]),
    ...importers.map((folder) =>
      line([`\`${folder}\``, ...columns.map((column) => (all.get(folder)?.has(column) ? '●' : ''))]),
    ),
  ].join('\n');
}

const floorOf = new Map(FLOORS.flatMap((folders, floor) => folders.map((name) => [name, floor] as const)));

describe('the house', () => {
  it.each([...floorOf.keys()])('%s imports from its own folder and from floors below', (folder) => {
    const floor = floorOf.get(folder) as number;
    const wrong = sources(folder).flatMap((path) =>
      importsOf(path)
        .filter((spec) => spec.startsWith('.'))
        .map((spec) => normalize(join(dirname(path), spec)).split('/')[0] as string)
        .filter((target) => target !== folder && (floorOf.get(target) ?? Infinity) >= floor)
        .map((target) => `${path} imports from ${target}/`),
    );
    expect(wrong).toEqual([]);
  });

  it('has the arrows that docs/architecture.md draws', () => {
    expect(readFileSync(join(packageRoot, 'docs', 'architecture.md'), 'utf8')).toContain(drawing());
  });

  it.each(PURE)('%s does no I/O', (folder) => {
    const wrong = sources(folder).flatMap((path) =>
      importsOf(path)
        .filter((spec) => IO.test(spec))
        .map((spec) => `${path} imports ${spec}`),
    );
    expect(wrong).toEqual([]);
  });

  it('enters a folder of code by its door', () => {
    const wrong = [...floorOf.keys()].flatMap(sources).flatMap((path) =>
      importsOf(path)
        .filter((spec) => spec.startsWith('.') && !spec.includes('/gen/'))
        .map((spec) => normalize(join(dirname(path), spec)))
        .filter((target) => dirname(target) !== dirname(path) && !/\/(index|package|log)\.js$/.test(target))
        .filter((target) => readdirSync(join(packageRoot, dirname(target))).includes('index.ts'))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has generated messages only where they are made, sent or taken', () => {
    const own = new Set(['rpc', 'protocol', 'coordinator', 'worker', 'client']);
    const wrong = [...floorOf.keys()]
      .filter((folder) => !own.has(folder))
      .flatMap(sources)
      .filter((path) => importsOf(path).some((spec) => spec.includes('/gen/')));
    // It measures the wire itself.
    expect(wrong.filter((path) => path !== 'scripts/bench-transport-peer.ts')).toEqual([]);
  });

  it.each([
    ['a channel', /\bclientConstructors\(\)\.|\bcredentials\.create/, 'rpc/channel.ts'],
    ['a server', /\bnew Server\(|\bServerCredentials\.create/, 'rpc/server/server.ts'],
  ])('opens %s in one place', (_what, pattern, place) => {
    const places = [...floorOf.keys()]
      .flatMap(sources)
      .filter((path) =>
        pattern.test(readFileSync(join(packageRoot, path), 'utf8').replace(/\/\*[^]*?\*\//g, '')),
      );
    expect(places).toEqual([place]);
  });
});
