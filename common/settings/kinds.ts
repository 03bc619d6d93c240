/** How a setting's value is carried in a protobuf message. */
type WireType = 'uint32' | 'uint64' | 'double' | 'string' | 'bool' | 'strings';
export type WireValue = number | string | boolean | readonly string[];

/** What values a setting takes: how they are checked, read from text, said in words and carried on the wire. */
export interface Kind<T> {
  /** Completes "it must be ...". */
  readonly range: string;
  /** The same in brackets, for `--help`; empty where there is nothing to say. */
  readonly brief: string;
  readonly wire: WireType;
  /** Whether its flag may be given several times, a value each. */
  readonly repeatable: boolean;
  accepts(value: unknown): value is T;
  /** Text of a flag or of the environment; what cannot be read is given back as it is, for `accepts` to refuse. */
  read(text: string): unknown;
  toWire(value: T): WireValue;
  fromWire(value: WireValue): unknown;
}

interface NumberOptions<W extends string> {
  readonly min: number;
  readonly max: number;
  /**
   * Words that the number may be replaced by, each with the number, outside the range, that stands for it on the wire; none where the word is
   * the default, and so a field that is not set.
   */
  readonly words?: Readonly<Record<W, number | undefined>>;
}

const MAX_UINT32 = 2 ** 32 - 1;

/** A whole number from `min` to `max`, or one of the words. */
export function whole<W extends string = never>(options: NumberOptions<W>): Kind<number | W> {
  const { min, max } = options;
  const wire = max > MAX_UINT32 ? 'uint64' : 'uint32';
  return numeric(options, wire, `a whole number from ${min} to ${max}`, Number.isInteger);
}

const RANDOM_SEEDS = 2 ** 32;

/** A seed: a whole number. As text also `random`, which is read as one that is drawn now. */
export function seed(): Kind<number> {
  const numbers = whole({ min: 0, max: Number.MAX_SAFE_INTEGER });
  return {
    ...numbers,
    brief: `${numbers.brief}, or random`,
    read: (text) => (text === 'random' ? Math.floor(Math.random() * RANDOM_SEEDS) : numbers.read(text)),
  };
}

/** A number from `min` to `max`, or one of the words. */
export function real<W extends string = never>(options: NumberOptions<W>): Kind<number | W> {
  const { min, max } = options;
  return numeric(options, 'double', `a number from ${min} to ${max}`, Number.isFinite);
}

function numeric<W extends string>(
  { min, max, words }: NumberOptions<W>,
  wire: 'uint32' | 'uint64' | 'double',
  numbers: string,
  isNumber: (value: unknown) => boolean,
): Kind<number | W> {
  const codes = new Map<string, number | undefined>(Object.entries(words ?? {}));
  return {
    range: [numbers, ...codes.keys()].join(', or '),
    brief: [max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`, ...codes.keys()].join(
      ' or ',
    ),
    wire,
    repeatable: false,
    accepts: (value): value is number | W =>
      typeof value === 'string'
        ? codes.has(value)
        : isNumber(value) && (value as number) >= min && (value as number) <= max,
    read: (text) => (codes.has(text) ? text : toNumber(text)),
    toWire: (value) => (typeof value === 'string' ? (codes.get(value) as number) : value),
    fromWire: (value) => [...codes].find(([, code]) => code === value)?.[0] ?? value,
  };
}

function toNumber(text: string): unknown {
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? text : value;
}

/** One of a few values. Among numbers, the word `auto` is 0 on the wire. */
export function choice<const T extends string | number>(values: readonly T[]): Kind<T> {
  const asNumbers = values.some((value) => typeof value === 'number');
  const accepts = (value: unknown): value is T => (values as readonly unknown[]).includes(value);
  return {
    range: listed(values),
    brief: listed(values),
    wire: asNumbers ? 'uint32' : 'string',
    repeatable: false,
    accepts,
    read: (text) => values.find((value) => String(value) === text) ?? (asNumbers ? toNumber(text) : text),
    toWire: (value) => (asNumbers && value === 'auto' ? 0 : value),
    fromWire: (value) =>
      asNumbers && value === 0 && (values as readonly unknown[]).includes('auto') ? 'auto' : value,
  };
}

function listed(values: readonly unknown[]): string {
  return `${values.slice(0, -1).join(', ')} or ${String(values.at(-1))}`;
}

/** Text of at most `maxLength` UTF-16 units. */
export function text({ maxLength }: { maxLength: number }): Kind<string> {
  return {
    range: `a text of at most ${maxLength} characters`,
    brief: '',
    wire: 'string',
    repeatable: false,
    accepts: (value): value is string => typeof value === 'string' && value.length <= maxLength,
    read: (value) => value,
    toWire: (value) => value,
    fromWire: (value) => value,
  };
}

const ON = ['on', 'true', '1', 'yes'];
const OFF = ['off', 'false', '0', 'no'];

/** True or false. As a flag it takes no value; from the environment, on or off. */
export function toggle(): Kind<boolean> {
  return {
    range: 'on or off',
    brief: '',
    wire: 'bool',
    repeatable: false,
    accepts: (value): value is boolean => typeof value === 'boolean',
    read: (text) => {
      const word = text.trim().toLowerCase();
      return ON.includes(word) ? true : OFF.includes(word) ? false : text;
    },
    toWire: (value) => value,
    fromWire: (value) => value,
  };
}

/** Names in order: at most `maxCount`, each of 1 to `maxLength` characters, none of them a control character. */
export function names({
  maxCount,
  maxLength,
}: {
  maxCount: number;
  maxLength: number;
}): Kind<readonly string[]> {
  return {
    range: `at most ${maxCount} names of 1 to ${maxLength} printable characters`,
    brief: '',
    wire: 'strings',
    repeatable: true,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length <= maxCount &&
      value.every((name) => typeof name === 'string' && isPrintable(name, maxLength)),
    read: (text) => [text],
    toWire: (value) => [...value],
    fromWire: (value) => value,
  };
}

/** No control, format or private-use characters and no lone surrogates: what a terminal and a log show as it is. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;

/** Whether a name has 1 to `maxLength` characters, all of which a terminal and a log show as they are. */
export function isPrintable(name: string, maxLength: number): boolean {
  return name.length >= 1 && name.length <= maxLength && PRINTABLE.test(name);
}
