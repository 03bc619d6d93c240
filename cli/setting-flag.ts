import { type Command, Option } from 'commander';
import { fromEnvironment } from './flag.js';
import {
  checked,
  environmentName,
  flagName,
  JOB_SETTINGS,
  type JobOptions,
  type SettingRow,
} from '../common/settings/index.js';

type JobSettingName = keyof typeof JOB_SETTINGS;

/** The flag of a setting; its value stands under the setting's own name, whatever the flag is called. */
class SettingOption extends Option {
  readonly #setting: string;

  constructor(setting: string, flags: string, description: string) {
    super(flags, description);
    this.#setting = setting;
  }

  override attributeName(): string {
    return this.#setting;
  }
}

/** Adds the flag of a setting, which may also come from the environment. `usual`: the command's own default. */
export function addSettingFlag(
  command: Command,
  name: string,
  row: SettingRow<unknown>,
  usual?: unknown,
): Command {
  const { kind, placeholder, help, defaultText } = row;
  const flag = flagName(name, row);
  if (kind.wire === 'bool') return addToggle(command, name, row);
  const shown = usual ?? defaultText ?? row.default;
  const range = [kind.brief, shown === '' || kind.repeatable ? '' : `default: ${String(shown)}`]
    .filter((part) => part !== '')
    .join('; ');
  const option = new SettingOption(
    name,
    `--${flag} <${placeholder}>`,
    range === '' ? help : `${help} (${range})`,
  );
  fromEnvironment(option, environmentName(name, row)).argParser((text: string, before: unknown) => {
    const value = kind.read(text);
    const all = kind.repeatable && Array.isArray(before) ? [...before, ...(value as unknown[])] : value;
    return checked(name, row, all);
  });
  return command.addOption(option);
}

/** The job settings among a command's flags. */
export function jobOptions(flags: JobOptions): JobOptions {
  const given = Object.entries(flags).filter(([name]) => Object.hasOwn(JOB_SETTINGS, name));
  return Object.fromEntries(given);
}

/** Adds the flags of job settings, with the command's own defaults. */
export function addJobFlags(
  command: Command,
  names: readonly JobSettingName[],
  own: JobOptions = {},
): Command {
  for (const name of names) addSettingFlag(command, name, JOB_SETTINGS[name], own[name]);
  return command;
}

/** A flag without a value; its environment variable has one, so that NAME=off is off. */
function addToggle(command: Command, name: string, row: SettingRow<unknown>): Command {
  const variable = environmentName(name, row);
  const option = new SettingOption(name, `--${flagName(name, row)}`, `${row.help} (env: ${variable}=on)`);
  return command.addOption(option).hook('preAction', (_, action) => {
    const text = process.env[variable];
    if (text === undefined || text === '' || action.getOptionValue(name) !== undefined) return;
    action.setOptionValueWithSource(name, checked(name, row, row.kind.read(text)), 'env');
  });
}
