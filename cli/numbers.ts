import { AsyncDiffError } from '../common/errors/index.js';

/** A flag's value as a whole number in a range. */
export function wholeNumber(
  name: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new AsyncDiffError('usage', `--${name} takes a whole number ${range}, not "${text}"`);
  };
}

/** A flag's value as a number, in a range if one is given. */
export function realNumber(
  name: string,
  min = Number.NEGATIVE_INFINITY,
  max = Number.POSITIVE_INFINITY,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isNumber = text.trim() !== '' && Number.isFinite(value);
    if (isNumber && value >= min && value <= max) return value;
    throw new AsyncDiffError('usage', `--${name} takes a number${rangeText(min, max)}, not "${text}"`);
  };
}

export function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function rangeText(min: number, max: number): string {
  if (Number.isFinite(max)) return ` from ${min} to ${max}`;
  return Number.isFinite(min) ? ` of at least ${min}` : '';
}
