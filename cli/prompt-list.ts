import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { distinctStem, imagePaths } from './output.js';
import { RESULT_ENDINGS } from './result-files.js';

/** One line of `--prompts`. */
export interface ListedPrompt {
  readonly prompt: string;
  readonly seed: number;
  /** `0003-red-apple.png`, behind the stem of `--out` where that is given: another line has another name, and so has another prompt of the same line. */
  readonly out: string;
  /** All of its pictures are there already. */
  readonly isDrawn: boolean;
}

/** Digits of a line's number in a file's name: lists sort, and a longer list does not rename. */
const DIGITS = 4;

/**
 * What becomes of each line of a list. Seeds count on from `seed`, as the lines do.
 * @param numImages of each line
 */
export function listPrompts(
  prompts: readonly string[],
  { out, seed, numImages }: { out: string | undefined; seed: number; numImages: number },
): ListedPrompt[] {
  const asked = out === undefined ? '' : extname(out);
  const stem = out === undefined ? '' : `${basename(out, asked)}-`;
  const folder = out === undefined ? '.' : dirname(out);
  return prompts.map((prompt, at) => {
    const name = join(folder, `${stem}${String(at).padStart(DIGITS, '0')}-${distinctStem(prompt)}`);
    const last = (ending: string): string => imagePaths(`${name}${ending}`, numImages).at(-1) as string;
    // A video's own ending may stand in place of the one asked for, and its frames have a number more.
    const isDrawn = RESULT_ENDINGS.some(
      (ending) => existsSync(last(ending)) || existsSync(imagePaths(last(ending), 2)[0] as string),
    );
    return { prompt, seed: seed + at, out: `${name}${asked === '' ? '.png' : asked}`, isDrawn };
  });
}
