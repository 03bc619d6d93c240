import { AsyncDiffError } from '../common/errors/index.js';
import { readText } from './read-text.js';

/**
 * The prompts of a file, one a line; empty lines and those that begin with # are left out.
 * @throws AsyncDiffError `usage` for a file without a prompt; what reading it throws
 */
export async function promptLines(file: string): Promise<string[]> {
  const lines = (await readText(file))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new AsyncDiffError('usage', `--prompts ${file}: there is no prompt in it`);
  return lines;
}
