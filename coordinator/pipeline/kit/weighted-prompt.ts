import { AsyncDiffError } from '../../../common/errors/index.js';

/** A stretch of a prompt and its weight; the weight is undefined for `BREAK`, which ends a chunk. */
interface WeightedText {
  readonly text: string;
  readonly weight: number | undefined;
}

/** A bracket multiplies what stands in it; how much is known when it is closed. */
interface Bracket {
  readonly end: ')' | ']';
  factor: number;
}

/** Round brackets multiply by it, square ones divide. */
const EMPHASIS = 1.1;
const MAX_WEIGHT = 100;
const MAX_OPEN = 64;
const PARTS = /\\[()[\]\\]|\\|[([]|:\s*(?<weight>[+-]?[.\d]+)\s*\)|[)\]]|[^\\()[\]:]+|:/gu;
const BREAK = /\s*\bBREAK\b\s*/u;

/**
 * A prompt as AUTOMATIC1111's web UI reads it (`parse_prompt_attention` of its modules/prompt_parser.py): `(text)` weighs 1.1 times, `[text]`
 * 1/1.1 times, `(text:1.3)` 1.3 times; brackets nest; a backslash takes a bracket's meaning; one that is not closed goes to the end.
 *
 * @returns stretches in order, neighbours of one weight as one
 * @throws AsyncDiffError `invalid_settings` for a weight that is no number from -100 to 100, and for more than 64 open brackets
 */
export function parseWeights(prompt: string): WeightedText[] {
  const parts: { readonly text: string; readonly brackets: readonly Bracket[] }[] = [];
  let open: readonly Bracket[] = [];
  const close = (end: ')' | ']', factor: number): boolean => {
    const bracket = open.findLast((one) => one.end === end);
    if (bracket === undefined) return false;
    bracket.factor = factor;
    open = open.filter((one) => one !== bracket);
    return true;
  };
  for (const match of prompt.matchAll(PARTS)) {
    const [text] = match;
    const weight = match.groups?.['weight'];
    if (text === '(' || text === '[') {
      if (open.length === MAX_OPEN)
        throw invalid(`the prompt has more than ${MAX_OPEN} brackets open at once`);
      const round = text === '(';
      open = [...open, { end: round ? ')' : ']', factor: round ? EMPHASIS : 1 / EMPHASIS }];
    } else if (weight !== undefined && close(')', Number(weight))) checkWeight(Number(weight), weight);
    else if (text === ')' && close(')', EMPHASIS)) continue;
    else if (text === ']' && close(']', 1 / EMPHASIS)) continue;
    else parts.push({ text: /^\\./u.test(text) ? text.slice(1) : text, brackets: open });
  }
  const found: { text: string; weight: number | undefined }[] = [];
  for (const { text, brackets } of parts) {
    const weight = brackets.reduceRight((product, { factor }) => product * factor, 1);
    checkWeight(weight, String(weight));
    for (const [at, piece] of text.split(BREAK).entries()) {
      if (at > 0) found.push({ text: 'BREAK', weight: undefined });
      const last = found.at(-1);
      if (last !== undefined && last.weight === weight) last.text += piece;
      else if (piece !== '') found.push({ text: piece, weight });
    }
  }
  return found;
}

function checkWeight(weight: number, text: string): void {
  if (!(Math.abs(weight) <= MAX_WEIGHT))
    throw invalid(
      `the prompt has the weight ${text}, it must be a number from -${MAX_WEIGHT} to ${MAX_WEIGHT}`,
    );
}

function invalid(why: string): AsyncDiffError {
  return new AsyncDiffError('invalid_settings', why, {
    hint: 'Put a backslash before brackets that are meant as they stand, or leave --prompt-weighting out.',
  });
}
