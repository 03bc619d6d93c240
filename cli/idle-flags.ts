import type { CommandIo } from './io.js';
import type { LinkFlags } from './link-flags.js';

/** Flags of which some mean nothing for where a job runs. */
interface PlaceFlags extends LinkFlags {
  readonly coordinator?: string;
  readonly device?: string;
  readonly threads?: number;
  readonly cache?: string;
}

/** Of local workers, and of the coordinator that is started for them. */
const LOCAL = ['device', 'threads', 'cache'] as const;
/** Of the way to a coordinator; `--max-message-mb` is a limit of the local one too. */
const LINKS = ['tls', 'tlsCa', 'tlsCert', 'tlsKey', 'keyFile', 'insecure'] as const;

/**
 * Says in one line which of the given flags do nothing: workers of a coordinator have devices, threads and caches of their own, and nothing is dialled to
 * run on this machine. What comes from the environment is meant for several commands, and is passed over.
 */
export function tellIdleFlags(flags: PlaceFlags, io: CommandIo): void {
  const isRemote = flags.coordinator !== undefined;
  const idle = (isRemote ? LOCAL : LINKS)
    .map((name) => ({ flag: `--${kebab(name)}`, name, value: flags[name] }))
    .filter(({ name, value }) => value !== undefined && process.env[variableOf(name)] !== String(value));
  if (idle.length === 0) return;
  const why = isRemote
    ? 'the workers of --coordinator have their own, as `asyncdiff worker` was given them'
    : 'for connections to a coordinator, and no --coordinator is given';
  const names = idle.map(({ flag }) => flag).join(', ');
  io.stderr.write(`${names} ${idle.length === 1 ? 'is' : 'are'} left aside: ${why}\n`);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function variableOf(name: string): string {
  return `ASYNCDIFF_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}
