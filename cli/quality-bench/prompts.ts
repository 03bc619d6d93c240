import { promptLines } from '../prompt-lines.js';

/** One picture of the bench. */
export interface QualityPrompt {
  readonly prompt: string;
  readonly seed: number;
}

/** How many pictures are drawn: the first 24 of the list, or all 64. */
export const QUALITY_FORMS = Object.freeze({ short: 24, long: 64 });
export type QualityForm = keyof typeof QUALITY_FORMS;

/** Never changed: figures of different days are of the same pictures. Things that the bundled model knows, and every other. */
const PROMPTS =
  'red apple|tiger face|blue rose|rocket|hot beverage|house|crab|sun|green apple|fox|purple heart|sailboat|pizza|castle|octopus|crescent moon|' +
  'strawberry|panda|sunflower|airplane|birthday cake|tent|whale|snowflake|lemon|cat face|cherry blossom|bus|ice cream|church|turtle|rainbow|' +
  'grapes|dog face|cactus|bicycle|hamburger|bridge at night|butterfly|star|watermelon|lion|four leaf clover|tractor|doughnut|stadium|' +
  'tropical fish|cloud with rain|banana|owl|mushroom|helicopter|cheese wedge|mountain|snail|fire|carrot|rabbit face|palm tree|ship|popcorn|' +
  'fountain|penguin|globe';

/**
 * What is drawn: the fixed list, or the lines of a file (empty ones and those that begin with # are left out). The seeds count on from `seed`.
 * @throws AsyncDiffError `usage` for a file without a prompt; what reading it throws
 */
export async function qualityPrompts(
  form: QualityForm,
  file: string | undefined,
  seed: number,
): Promise<QualityPrompt[]> {
  const prompts =
    file === undefined ? PROMPTS.split('|').slice(0, QUALITY_FORMS[form]) : await promptLines(file);
  return prompts.map((prompt, at) => ({ prompt, seed: seed + at }));
}
