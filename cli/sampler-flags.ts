import type { Command } from 'commander';
import { AsyncDiffError } from '../common/errors/index.js';
import { findSampler, formatSchedulerConfig, parseSchedulerConfig } from '../samplers/index.js';
import { flag } from './flag.js';
import { collect } from './numbers.js';
import { readText } from './read-text.js';

/** Flags that choose a sampler, as commander parses them. */
export interface SamplerFlags {
  readonly scheduler?: string;
  readonly schedulerConfig?: string;
  readonly sigmas?: readonly number[];
  readonly timesteps?: readonly number[];
  readonly samplerOption?: readonly string[];
}

/** What a request says about the sampler. */
export interface SamplerChoiceOptions {
  readonly scheduler: string | undefined;
  readonly schedulerConfig: string | undefined;
  readonly samplerOptions: Readonly<Record<string, unknown>>;
}

export function addSamplerFlags(command: Command, whose: string): Command {
  return command
    .optionsGroup('Sampler:')
    .addOption(flag('--scheduler <name>', `a sampler's name, or a diffusers class (default: ${whose})`))
    .addOption(flag('--scheduler-config <file>', 'scheduler_config.json, as diffusers writes it'))
    .addOption(
      flag('--sigmas <list>', 'noise levels of the run, comma-separated').argParser(numbers('sigmas')),
    )
    .addOption(
      flag('--timesteps <list>', 'timesteps of the run, comma-separated').argParser(numbers('timesteps')),
    )
    .option(
      '--sampler-option <name=value>',
      "another argument of diffusers' set_timesteps or step: eta, mu, s_noise, ... (repeatable)",
      collect,
    )
    .optionsGroup('Options:');
}

/** Reads the config file. Throws `usage`, `file_not_found`, `file_unreadable`. */
export async function readSamplerFlags(flags: SamplerFlags): Promise<SamplerChoiceOptions> {
  const { scheduler, schedulerConfig } = flags;
  // A file under --scheduler is a config: kept as another spelling of --scheduler-config.
  const isFile = scheduler !== undefined && findSampler(scheduler) === undefined && /[./\\]/.test(scheduler);
  if (isFile && schedulerConfig !== undefined) {
    throw new AsyncDiffError(
      'usage',
      `--scheduler is the file ${scheduler}, and --scheduler-config another`,
      {
        hint: 'Give the config as --scheduler-config, and a name as --scheduler.',
      },
    );
  }
  const file = schedulerConfig ?? (isFile ? scheduler : undefined);
  return {
    scheduler: isFile ? undefined : scheduler,
    schedulerConfig: file === undefined ? undefined : await readText(file),
    samplerOptions: {
      ...(flags.sigmas === undefined ? {} : { sigmas: flags.sigmas }),
      ...(flags.timesteps === undefined ? {} : { timesteps: flags.timesteps }),
      ...Object.fromEntries((flags.samplerOption ?? []).map(readOption)),
    },
  };
}

/** The config with what the model predicts in place of what it says. */
export function predicting(type: string | undefined, given: SamplerChoiceOptions): SamplerChoiceOptions {
  if (type === undefined || given.schedulerConfig === undefined) return given;
  const config = { ...parseSchedulerConfig(given.schedulerConfig), prediction_type: type };
  return { ...given, schedulerConfig: formatSchedulerConfig(config) };
}

function readOption(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at > 0) {
    try {
      return [text.slice(0, at).trim(), JSON.parse(text.slice(at + 1)) as unknown];
    } catch {
      // Said below.
    }
  }
  throw new AsyncDiffError(
    'usage',
    `--sampler-option takes NAME=VALUE with a number, true or false; not "${text}"`,
  );
}

function numbers(name: string): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (values.every(Number.isFinite)) return values;
    throw new AsyncDiffError('usage', `--${name} takes numbers with commas between them, not "${text}"`);
  };
}
