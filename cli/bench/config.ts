import { AsyncDiffError } from '../../common/errors/index.js';
import {
  checked,
  entriesOf,
  flagName,
  PLAN_SETTINGS,
  type PlanOptions,
  type SettingRow,
} from '../../common/settings/index.js';

/** One row of a benchmark: what differs from the settings that all rows share. */
export interface BenchConfig {
  /** As written; also the row's name. */
  readonly name: string;
  /** The settings that it names: N and S at least. */
  readonly plan: PlanOptions & { readonly components: number; readonly stride: number };
}

type Name = keyof typeof PLAN_SETTINGS;

/** A setting as configurations write it: a letter before its value, or a word that stands for one value. */
interface Notation {
  readonly name: Name;
  readonly row: SettingRow<unknown>;
  readonly letter: string | undefined;
  readonly word: string | undefined;
  readonly means: unknown;
}

const NOTATIONS: readonly Notation[] = entriesOf(PLAN_SETTINGS).flatMap(([name, row]): Notation[] => {
  const { bench } = row;
  if (bench === undefined) return [];
  const common = { name, row: row as SettingRow<unknown> };
  return 'letter' in bench
    ? [{ ...common, letter: bench.letter, word: undefined, means: undefined }]
    : [{ ...common, letter: undefined, word: bench.word, means: bench.means }];
});

/** Words before letters, so that a word may begin with another setting's letter. */
const TOKEN = new RegExp(
  [
    ...NOTATIONS.flatMap(({ word }) => word ?? []),
    ...NOTATIONS.flatMap(({ letter }) => (letter === undefined ? [] : `${letter}(?:[0-9.]+|a)`)),
  ].join('|'),
  'y',
);

/** `n<components>s<stride>[w..]...`, for help. */
export const CONFIG_GRAMMAR = NOTATIONS.map(({ name, row, letter, word }) => {
  if (name === 'components' || name === 'stride') return `${letter}<${flagName(name, row)}>`;
  return letter === undefined ? `[${word}]` : `[${letter}..]`;
}).join('');

const HINT = `A configuration is n<components>s<stride>, then any of ${NOTATIONS.slice(2)
  .map(({ name, row, letter, word, means }) =>
    letter === undefined
      ? `${word} (${flagName(name, row)} ${String(means)})`
      : `${letter}<${flagName(name, row)}>`,
  )
  .join(', ')}, with a for auto: n2s1, n3s2, n2s1w5, n2s1l2m4f16.`;

/**
 * Reads a list such as `n1s1,n2s1,n2s1l2m4f16`.
 * @throws AsyncDiffError `usage`, naming the configuration at fault; `invalid_settings` for a value out of its range
 */
export function parseConfigs(text: string): BenchConfig[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0)
    throw new AsyncDiffError('usage', '--configs names no configuration', { hint: HINT });
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new AsyncDiffError('usage', `--configs has ${name} twice`);
    seen.add(name);
  }
  return names.map(parseConfig);
}

function parseConfig(name: string): BenchConfig {
  const wrong = (why: string): AsyncDiffError =>
    new AsyncDiffError('usage', `--configs: cannot read "${name}": ${why}`, { hint: HINT });
  const plan: Partial<Record<Name, unknown>> = {};
  for (let at = 0; at < name.length; ) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(name)?.[0];
    if (token === undefined) throw wrong(`what is "${name.slice(at)}"?`);
    const [setting, value] = readToken(token);
    if (plan[setting] !== undefined) throw wrong(`${setting} stands there twice`);
    plan[setting] = value;
    at += token.length;
  }
  const { components, stride } = plan;
  if (typeof components !== 'number' || typeof stride !== 'number')
    throw wrong('it must say how many components (n) and what stride (s)');
  return { name, plan: { ...(plan as PlanOptions), components, stride } };
}

function readToken(token: string): [Name, unknown] {
  const byWord = NOTATIONS.find(({ word }) => word === token);
  if (byWord !== undefined) return [byWord.name, byWord.means];
  const { name, row } = NOTATIONS.find(({ letter }) => letter === token[0]) as Notation;
  const text = token.slice(1);
  return [name, checked(name, row, row.kind.read(text === 'a' ? 'auto' : text))];
}

/**
 * Workers that a configuration can use: one for each component, and S - 1 more for the runs of the last one, twice that where guidance is
 * split; in step-parallel one a step.
 */
export function workersWanted({ plan }: BenchConfig): number {
  const { components, stride, stepParallel = 1, guidanceSplit } = plan;
  const ways = stepParallel === 'auto' ? 1 : stepParallel;
  return Math.max((components + stride - 1) * (guidanceSplit === 'on' ? 2 : 1), ways);
}
