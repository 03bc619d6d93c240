import { Option } from 'commander';

/** An option that can also come from the environment: `--warm-up` from ASYNCDIFF_WARM_UP. The flag wins. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`ASYNCDIFF_${option.name().replaceAll('-', '_').toUpperCase()}`);
}
