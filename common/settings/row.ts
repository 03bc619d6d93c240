import { AsyncDiffError } from '../errors/index.js';
import type { Kind } from './kinds.js';

/** One setting: everything that any door of the product knows of it. */
export interface SettingRow<T> {
  readonly kind: Kind<T>;
  /** Where it is left out, the same in every language. `auto` is the one spelling of "chosen by the planner". */
  readonly default: NoInfer<T>;
  /** What is said of the default where another setting decides: the value alone would not be true. */
  readonly defaultText?: string;
  /** What stands for the value in `--help`, without brackets. */
  readonly placeholder: string;
  /** The flag without its dashes, where it is not the name in kebab case. */
  readonly flag?: string;
  /** What it is, for `--help` and the reference; one line. */
  readonly help: string;
  /** What it costs and what it gives, for the reference. */
  readonly consequence: string;
}

type ValueOf<R> = R extends { readonly kind: Kind<infer T> } ? T : never;
/** A value for every row of a table. */
export type ValuesOf<R> = { readonly [K in keyof R]: ValueOf<R[K]> };
/** A value for some of them; what is left out, or undefined, has its default. */
export type OptionsOf<R> = { readonly [K in keyof R]?: ValueOf<R[K]> | undefined };

/** A setting's name in messages and JSON documents: `warm_up`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A setting's flag without its dashes: `warm-up`. */
export function flagName(name: string, row: Pick<SettingRow<unknown>, 'flag'>): string {
  return row.flag ?? snakeCase(name).replaceAll('_', '-');
}

/** The environment variable that its flag can come from: `ASYNCDIFF_WARM_UP`. */
export function environmentName(name: string, row: Pick<SettingRow<unknown>, 'flag'>): string {
  return `ASYNCDIFF_${flagName(name, row).replaceAll('-', '_').toUpperCase()}`;
}

type SnakeCase<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Tail>}`
  : S;

/** Settings under the keys of JSON documents: `warm_up`. */
export function settingsDocument<S extends object>(
  settings: S,
): { readonly [K in keyof S & string as SnakeCase<K>]: S[K] } {
  const entries = Object.entries(settings).map(([name, value]) => [snakeCase(name), value]);
  return Object.fromEntries(entries);
}

/** The rows of a table with their names. */
export function entriesOf<R extends object>(rows: R): [keyof R & string, R[keyof R & string]][] {
  return Object.entries(rows) as [keyof R & string, R[keyof R & string]][];
}

/**
 * The one check of a table's settings, and the one place that fills in defaults.
 * @throws AsyncDiffError `invalid_settings` with flag, environment name, range and what was given.
 */
export function resolveRows<R extends object>(rows: R, given: OptionsOf<R>): ValuesOf<R> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(rows, name))
      throw new AsyncDiffError('invalid_settings', `there is no setting ${shown(name)}`, {
        hint: `The settings are ${Object.keys(rows).join(', ')}.`,
      });
  }
  const values = entriesOf(rows).map(([name, row]) => {
    const value: unknown = given[name];
    const { default: usual } = row as SettingRow<unknown>;
    return [name, value === undefined ? usual : checked(name, row as SettingRow<unknown>, value)];
  });
  return Object.freeze(Object.fromEntries(values)) as ValuesOf<R>;
}

/** A value that a row takes, or the error that says what it takes. */
export function checked<T>(name: string, row: SettingRow<T>, value: unknown): T {
  if (row.kind.accepts(value)) return value;
  throw outOfRange(name, row, value, row.kind.range);
}

/** The error of a setting out of its range; `range` completes "it must be ...". */
export function outOfRange(
  name: string,
  row: Pick<SettingRow<unknown>, 'flag'>,
  value: unknown,
  range: string,
): AsyncDiffError {
  return new AsyncDiffError(
    'invalid_settings',
    `${snakeCase(name)} is ${shown(value)}, it must be ${range} (--${flagName(name, row)}, ${environmentName(name, row)})`,
  );
}

const MAX_SHOWN = 60;

/** A value as an error shows it: short, on one line, without control characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}... (${text.length} characters)`;
}
