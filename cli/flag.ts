import { Option } from 'commander';

/** An option that can also come from the environment: `--warm-up` from ASYNCDIFF_WARM_UP. The flag wins. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const variable = `ASYNCDIFF_${option.name().replaceAll('-', '_').toUpperCase()}`;
  // Commander takes a flag without a value as given whenever its variable is there, whatever it says.
  const isOff = option.isBoolean() && /^(0|false|off|no|)$/i.test(process.env[variable] ?? 'unset');
  return isOff ? option : option.env(variable);
}
