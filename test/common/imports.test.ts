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

/** What the package exports is for other programs; families of pipelines are found by looking in their folder. */
const FOR_OTHERS =
  /^(client\/|coordinator\/start-coordinator|worker\/start-worker|coordinator\/pipeline\/families\/)/;

const DECLARED = /^export (?:async |abstract )*(?:function\*?|const|class|interface|type) (\w+)/gm;
const NAMED = /^(import|export)(?: type)? \{([^}]*)\} from '(\.[^']+)'/gm;
/** All of another module: by a dynamic import, a namespace, or an address for a thread. */
const WHOLE = /(?:import\(|\* as \w+ from |new URL\()'(\.[^']+)'/g;

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

  it('exports what another file imports, and nothing else', () => {
    const exported: string[] = [];
    /** From `file name`, as a door hands it on, to where it comes from. */
    const handedOn = new Map<string, string>();
    const used = new Set<string>();
    const wholes = new Set<string>();
    for (const path of [...FOLDERS, 'test'].flatMap(sources)) {
      const text = readFileSync(join(packageRoot, path), 'utf8');
      const fileOf = (spec: string): string => normalize(join(dirname(path), spec)).replace(/\.js$/, '.ts');
      for (const [, name] of text.matchAll(DECLARED)) exported.push(`${path} ${name}`);
      for (const [, spec] of text.matchAll(WHOLE)) wholes.add(fileOf(spec as string));
      for (const [, verb, list, spec] of text.matchAll(NAMED)) {
        for (const item of (list as string).split(',').map((word) => word.trim().replace(/^type /, ''))) {
          if (item === '') continue;
          const [name, alias = name] = item.split(' as ');
          if (verb === 'import') used.add(`${fileOf(spec as string)} ${name}`);
          else {
            exported.push(`${path} ${alias}`);
            handedOn.set(`${path} ${alias}`, `${fileOf(spec as string)} ${name}`);
          }
        }
      }
    }
    for (const each of exported) if (wholes.has(each.split(' ')[0] as string)) used.add(each);
    for (const each of used) {
      const from = handedOn.get(each);
      // A set that grows while it is walked: doors behind doors are followed.
      if (from !== undefined) used.add(from);
    }
    const dead = exported.filter((each) => !used.has(each) && !FOR_OTHERS.test(each));
    expect(dead.filter((each) => !each.startsWith('test/'))).toEqual([]);
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
