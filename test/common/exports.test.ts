import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';

const CODE = [
  'common',
  'samplers',
  'program',
  'rpc',
  'execution',
  'protocol',
  'planner',
  'worker',
  'coordinator',
].concat(['client', 'cli', 'scripts']);
/** What the package exports is for other programs; families of pipelines are found by looking in their folder. */
const FOR_OTHERS =
  /^(client\/|coordinator\/start-coordinator|worker\/start-worker|coordinator\/pipeline\/families\/)/;

const DECLARED = /^export (?:async |abstract )*(?:function\*?|const|class|interface|type) (\w+)/gm;
const NAMED = /^(import|export)(?: type)? \{([^}]*)\} from '(\.[^']+)'/gm;
/** All of another module: by a dynamic import, a namespace, or an address for a thread. */
const WHOLE = /(?:import\(|\* as \w+ from |new URL\()'(\.[^']+)'/g;

function sources(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'gen' ? [] : sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

it('exports what another file imports, and nothing else', () => {
  const exported: string[] = [];
  /** From `file name`, as a door hands it on, to where it comes from. */
  const handedOn = new Map<string, string>();
  const used = new Set<string>();
  const wholes = new Set<string>();
  for (const path of [...CODE, 'test'].flatMap(sources)) {
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
