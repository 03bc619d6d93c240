import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../common/package.js';

const HEAD = `# API reference

<!-- Made by \`npm run gen:api-docs\` from the declarations that the package ships; edit the comments in the code. -->

Everything that a program may import, by entry point. [Examples](../../examples/README.md) show it in use; [errors](errors.md) explains the codes of
\`AsyncDiffError\`, [settings](settings.md) each setting of \`PlanOptions\`.
`;

/** Entry points in the order of the page, each with the title of its section. */
const TITLES: Readonly<Record<string, string>> = {
  '.': 'asyncdiff',
  './local': 'asyncdiff/local',
  './coordinator': 'asyncdiff/coordinator',
  './worker': 'asyncdiff/worker',
};

interface Declaration {
  readonly name: string;
  /** The doc comment, without its stars. */
  readonly comment: string;
  /** As the declaration file has it. */
  readonly text: string;
}

/** docs/reference/api.md, from the declaration files in \`dist/\`. A name that two entry points export is shown once. */
export function apiReference(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string }>;
  };
  const shown = new Set<string>();
  const sections = Object.entries(TITLES).map(([entry, title]) => {
    const path = join(packageRoot, manifest.exports[entry]?.types ?? '');
    const parts = exportsOf(path)
      .filter(({ text }) => !shown.has(text))
      .map((declaration) => {
        shown.add(declaration.text);
        return show(declaration);
      });
    return `## ${title}\n\n${parts.join('\n')}`;
  });
  return [HEAD, ...sections].join('\n');
}

function show({ name, comment, text }: Declaration): string {
  const words = comment === '' ? '' : `${comment}\n\n`;
  return `### ${name}\n\n${words}\`\`\`ts\n${text}\n\`\`\`\n`;
}

/** What a declaration file exports, in its order, followed to where it is declared. */
function exportsOf(path: string): Declaration[] {
  const text = readFileSync(path, 'utf8');
  const found: Declaration[] = [];
  const pattern =
    /^export (?:type )?\{([^}]*)\} from '([^']+)';|^export (?:declare )?(?:abstract )?(?:class|interface|type|const|function) (\w+)/gm;
  for (const [, list, from = '', own] of text.matchAll(pattern)) {
    if (own !== undefined) found.push(declarationIn(text, own));
    for (const part of (list ?? '').split(',')) {
      const name = part.trim().replace(/^type /, '');
      if (name !== '') found.push(resolve(join(dirname(path), from.replace(/\.js$/, '.d.ts')), name));
    }
  }
  return found;
}

/** The declaration of an exported name, through as many files as pass it on. */
function resolve(path: string, name: string): Declaration {
  const text = readFileSync(path, 'utf8');
  for (const [, list = '', from = ''] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';/gm)) {
    const names = list.split(',').map((part) => part.trim().replace(/^type /, ''));
    if (names.includes(name)) return resolve(join(dirname(path), from.replace(/\.js$/, '.d.ts')), name);
  }
  return declarationIn(text, name);
}

function declarationIn(text: string, name: string): Declaration {
  const head = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:class|interface|type|const|function) ${name}\\b`,
    'm',
  ).exec(text);
  if (head === null) throw new Error(`no declaration of ${name}`);
  const before = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*$/.exec(text.slice(0, head.index));
  return {
    name,
    comment: withoutStars(before?.[1] ?? ''),
    text: withoutPrivate(text.slice(head.index, endOf(text, head.index))).replace(/^export (declare )?/, ''),
  };
}

/** Where a declaration ends: at a semicolon or a closing brace that no bracket holds. */
function endOf(text: string, start: number): number {
  let depth = 0;
  const isBlock = /^export (?:declare )?(?:abstract )?(?:class|interface)/.test(
    text.slice(start, start + 40),
  );
  const tokens = /\/\*[^]*?\*\/|'(?:[^'\\]|\\.)*'|[{}()[\];]/g;
  tokens.lastIndex = start;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [sign] = token;
    if ('{(['.includes(sign)) depth += 1;
    else if ('})]'.includes(sign)) depth -= 1;
    if (depth === 0 && (isBlock ? sign === '}' : sign === ';')) return token.index + 1;
  }
  return text.length;
}

/** Without the members of a class that nobody outside can name. */
function withoutPrivate(text: string): string {
  return text.replace(/^ +(?:#private|private constructor\([^]*?\));\n/gm, '');
}

function withoutStars(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^ *\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .replace(/\{@link (?:\w+\.)?(\w+)\}/g, '`$1`')
    .replace(/^@throws AsyncDiffError /gm, 'Throws `AsyncDiffError`: ')
    .replace(/^@param (\w+) /gm, '`$1`: ');
}
