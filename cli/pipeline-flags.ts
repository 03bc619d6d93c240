import type { Command } from 'commander';
import { AsyncDiffError } from '../common/errors/index.js';
import { readWhole } from '../common/read-whole.js';
import { readNpy } from '../common/npy/index.js';
import {
  ARGUMENT_NAMES,
  type ArgumentRow,
  kebabName,
  PIPELINE_ARGUMENTS,
  type PipelineArguments,
} from '../common/pipeline-arguments/index.js';
import { flag } from './flag.js';
import { realNumber, wholeNumber } from './numbers.js';

/** Flags of a pipeline's arguments, as commander parses them: a file's path where the argument is what it holds. */
export type PipelineFlags = {
  readonly [N in keyof PipelineArguments]?: string | number | boolean | readonly number[];
};

/** One flag for each row of the table of arguments. */
export function addPipelineFlags(command: Command): Command {
  for (const name of ARGUMENT_NAMES) {
    const row: ArgumentRow = PIPELINE_ARGUMENTS[name];
    const kebab = kebabName(name);
    const option = flag(`--${kebab} <${PLACEHOLDER[row.kind]}>`, row.help);
    if (row.kind === 'whole') option.argParser(wholeNumber(kebab, row.min, row.max));
    if (row.kind === 'number') option.argParser(realNumber(kebab, row.min, row.max));
    if (row.kind === 'flag') option.argParser(yesOrNo(kebab));
    if (row.kind === 'numbers') option.argParser(numberList(kebab, row));
    command.addOption(option.helpGroup('Arguments of some pipelines:'));
  }
  return command;
}

const PLACEHOLDER: Readonly<Record<ArgumentRow['kind'], string>> = Object.freeze({
  number: 'x',
  whole: 'n',
  flag: 'yes|no',
  text: 'text',
  numbers: 'list',
  picture: 'file',
  tensor: 'file',
});

/** The arguments that were given, files read. Throws `file_not_found` and `file_unreadable`. */
export async function readPipelineFlags(flags: PipelineFlags): Promise<PipelineArguments> {
  const given: Record<string, unknown> = {};
  for (const name of ARGUMENT_NAMES) {
    const value = flags[name];
    if (value === undefined) continue;
    const { kind }: ArgumentRow = PIPELINE_ARGUMENTS[name];
    given[name] =
      kind === 'tensor'
        ? await readNpy(String(value))
        : kind === 'picture'
          ? await readPicture(String(value))
          : value;
  }
  return given;
}

async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readWhole(path);
  } catch (cause) {
    if (cause instanceof AsyncDiffError) throw cause;
    throw new AsyncDiffError('file_not_found', `${path} cannot be read`, { cause });
  }
}

function yesOrNo(name: string): (text: string) => boolean {
  return (text) => {
    const word = text.trim().toLowerCase();
    if (['yes', 'on', 'true', '1'].includes(word)) return true;
    if (['no', 'off', 'false', '0'].includes(word)) return false;
    throw new AsyncDiffError('usage', `--${name} takes yes or no, not "${text}"`);
  };
}

function numberList(name: string, { min, max }: ArgumentRow): (text: string) => number[] {
  const read = realNumber(name, min, max);
  return (text) => text.split(',').map(read);
}
