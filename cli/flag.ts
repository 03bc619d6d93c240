import { type Command, Option } from 'commander';
import { AsyncDiffError } from '../common/errors/index.js';

/** An option that can also come from the environment: `--warm-up` from ASYNCDIFF_WARM_UP. The flag wins; an empty variable is none. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const variable = `ASYNCDIFF_${option.name().replaceAll('-', '_').toUpperCase()}`;
  // Commander takes a flag without a value as given whenever its variable is there, whatever it says.
  const isOff = option.isBoolean() && /^(0|false|off|no)$/i.test(process.env[variable] ?? 'unset');
  return isOff ? option : fromEnvironment(option, variable);
}

/** Lets the option come from the variable, unless that is empty: as where launchers leave a setting blank. */
export function fromEnvironment<O extends Option>(option: O, variable: string): O {
  option.env(variable);
  // Commander looks the variable up when it parses; shown in the help it is either way.
  return process.env[variable] === '' ? Object.assign(option, { envVar: undefined }) : option;
}

/** What stands for a path or an address in an option's flags. */
const NOT_EMPTY = /<(?:.*=)?(?:dir|file|folder|host:port|report|picture)\b/;

/**
 * No path and no address is empty.
 * @throws AsyncDiffError `usage`
 */
export function checkNotEmpty(command: Command): void {
  const values = command.opts<Record<string, unknown>>();
  for (const option of command.options)
    if (values[option.attributeName()] === '' && NOT_EMPTY.test(option.flags))
      throw new AsyncDiffError(
        'usage',
        `${option.long ?? option.flags} is empty: it takes ${option.flags.replace(/^.*</, '<')}`,
      );
}
