import { type Command, Option } from 'commander';
import { checked, environmentName, flagName, type SettingRow } from '../common/settings/index.js';

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

/** Adds the flag of a setting, which may also come from the environment. `usual`: the command's own default, for its help. */
export function addSettingFlag(
  command: Command,
  name: string,
  row: SettingRow<unknown>,
  usual: unknown = row.default,
): void {
  const { kind, placeholder, help } = row;
  const flag = flagName(name, row);
  if (kind.wire === 'bool') {
    addToggle(command, name, row);
    return;
  }
  const range = kind.brief === '' ? '' : ` (${kind.brief}; default: ${String(usual)})`;
  const option = new SettingOption(name, `--${flag} <${placeholder}>`, `${help}${range}`)
    .env(environmentName(name, row))
    .argParser((text: string, before: unknown) => {
      const value = kind.read(text);
      const all = kind.repeatable && Array.isArray(before) ? [...before, ...(value as unknown[])] : value;
      return checked(name, row, all);
    });
  command.addOption(option);
}

/** A flag without a value; its environment variable has one, so that NAME=off is off. */
function addToggle(command: Command, name: string, row: SettingRow<unknown>): void {
  const variable = environmentName(name, row);
  const option = new SettingOption(name, `--${flagName(name, row)}`, `${row.help} (env: ${variable}=on)`);
  command.addOption(option);
  command.hook('preAction', (_, action) => {
    const text = process.env[variable];
    if (text === undefined || action.getOptionValue(name) !== undefined) return;
    action.setOptionValueWithSource(name, checked(name, row, row.kind.read(text)), 'env');
  });
}
