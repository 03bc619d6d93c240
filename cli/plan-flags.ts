import type { Command } from 'commander';
import { entriesOf, PLAN_SETTINGS, type PlanOptions } from '../common/settings/index.js';
import { addSettingFlag } from './setting-flag.js';

type PlanSettingName = keyof typeof PLAN_SETTINGS;

/** Flags that say how the predictor is spread, as commander parses them: under the settings' own names. */
export type PlanFlags = PlanOptions;

interface PlanFlagOptions {
  /** Settings that the command takes from elsewhere. */
  readonly without?: readonly PlanSettingName[];
  /** `plan`: only settings that a plan is made from. */
  readonly scope?: 'plan' | undefined;
  /** Defaults of this command, for its help. */
  readonly defaults?: PlanOptions;
}

/** Adds a flag for every plan setting. */
export function addPlanFlags(
  command: Command,
  { without = [], scope, defaults = {} }: PlanFlagOptions = {},
): Command {
  command.optionsGroup('How the predictor is spread:');
  for (const [name, row] of entriesOf(PLAN_SETTINGS)) {
    if (!without.includes(name) && (scope ?? row.scope) === row.scope)
      addSettingFlag(command, name, row, defaults[name]);
  }
  return command.optionsGroup('Options:');
}

/** The plan settings among a command's flags. */
export function toPlanOptions(flags: PlanFlags): PlanOptions {
  const options = entriesOf(PLAN_SETTINGS).map(([name]) => [name, flags[name]]);
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}

/** Local workers where no number is given: one per component. */
export function oneWorkerEach({ components = 'auto', cuts = [] }: PlanFlags): number {
  return components === 'auto' ? cuts.length + 1 : components;
}
