import type { Command } from 'commander';
import { entriesOf, PLAN_SETTINGS, type PlanOptions } from '../common/settings/index.js';
import { addSettingFlag } from './setting-flag.js';

type PlanSettingName = keyof typeof PLAN_SETTINGS;

/** Flags that say how the predictor is spread, as commander parses them. */
export interface PlanFlags extends Omit<PlanOptions, 'cuts'> {
  readonly cut?: readonly string[] | undefined;
}

export interface PlanFlagOptions {
  /** Settings that the command takes from elsewhere. */
  readonly without?: readonly PlanSettingName[];
  /** Defaults of this command, for its help. */
  readonly defaults?: PlanOptions;
}

/** Adds a flag for every plan setting. */
export function addPlanFlags(
  command: Command,
  { without = [], defaults = {} }: PlanFlagOptions = {},
): Command {
  for (const [name, row] of entriesOf(PLAN_SETTINGS)) {
    if (!without.includes(name)) addSettingFlag(command, name, row, defaults[name]);
  }
  return command;
}

/** The plan settings among a command's flags. */
export function toPlanOptions(flags: PlanFlags): PlanOptions {
  const { cut, ...rest } = flags;
  const given: Partial<Record<string, unknown>> = { ...rest, cuts: cut };
  const options = Object.keys(PLAN_SETTINGS).map((name) => [name, given[name]]);
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}
