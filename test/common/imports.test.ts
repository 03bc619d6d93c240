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

/** Folders that turn messages into the types of the others, and back. */
const CONVERTERS = ['rpc', 'protocol'];
/** The other files that take messages from a stream or a call, or put them there. */
const WIRE_ENDS = [
  'client/messages.ts',
  'client/run-list.ts',
  'coordinator/coordinator-service.ts',
  'coordinator/denoise-call.ts',
  'coordinator/jobs/check-request.ts',
  'coordinator/jobs/generate-job.ts',
  'coordinator/jobs/job-record.ts',
  'coordinator/jobs/item-report.ts',
  'coordinator/jobs/run-job.ts',
  'coordinator/jobs/run-report.ts',
  'coordinator/plan-document.ts',
  'coordinator/run-call.ts',
  'coordinator/workers/worker-asks.ts',
  'coordinator/workers/worker-attempt.ts',
  'coordinator/workers/worker-deployment.ts',
  'coordinator/workers/worker-facts.ts',
  'coordinator/workers/worker-handle.ts',
  'coordinator/workers/worker-link.ts',
  'coordinator/workers/worker-parts.ts',
  'scripts/bench-transport-peer.ts',
  'worker/artifacts/artifact-stream.ts',
  'worker/attachment.ts',
  'worker/conversation/conversation.ts',
  'worker/conversation/hello.ts',
  'worker/conversation/present-job.ts',
  'worker/conversation/probe.ts',
  'worker/exchange/exchange-call.ts',
  'worker/exchange/exchange-client.ts',
  'worker/exchange/exchange-server.ts',
  'worker/worker-server.ts',
];

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

  it('has generated messages only at the ends of the wire, which docs/architecture.md tells', () => {
    const users = FOLDERS.filter((folder) => !CONVERTERS.includes(folder))
      .flatMap(sources)
      .filter((path) => importsOf(path).some((spec) => spec.includes('/gen/')));
    expect(users.sort()).toEqual([...WIRE_ENDS].sort());
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
