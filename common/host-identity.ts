import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who is where: needed to route a tensor over the network once per host, and to tell one machine from several. */
interface HostIdentity {
  readonly hostName: string;
  /** Same for processes that reach each other by loopback: machine, boot and network namespace. */
  readonly hostId: string;
  /** Same for processes on one piece of hardware (one kernel), whatever their namespaces. */
  readonly machineId: string;
}

export function hostIdentity(): HostIdentity {
  const boot = read('/proc/sys/kernel/random/boot_id') ?? read('/etc/machine-id') ?? hostname();
  const machineId = digest(boot);
  return { hostName: hostname(), hostId: digest(`${boot}|${namespace()}`), machineId };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return '';
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
