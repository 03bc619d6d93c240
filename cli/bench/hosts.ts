/** What tells hosts apart, as each worker finds it out (common/host-identity.ts). */
export interface HostFacts {
  readonly hostName: string;
  /** Machine, boot and network namespace. */
  readonly hostId: string;
  /** Machine and boot. */
  readonly machineId: string;
}

/** Where the workers of a benchmark were. */
interface HostSummary {
  /** Distinct host ids. */
  readonly hosts: number;
  /** Distinct machines; at most `hosts`. */
  readonly machines: number;
  /** For titles: `one host`, `3 hosts`, `3 network namespaces on one machine`. */
  readonly label: string;
}

/**
 * Counts hosts by what the workers found out themselves, never by names or addresses, so that processes on one machine
 * cannot pass for several hosts. Workers that tell no machine count as being on one.
 */
export function classifyHosts(workers: readonly HostFacts[]): HostSummary {
  const hosts = new Set(workers.map(({ hostId }) => hostId)).size;
  const machines = new Set(workers.map(({ machineId }) => machineId)).size;
  return { hosts, machines, label: label(hosts, machines) };
}

function label(hosts: number, machines: number): string {
  if (hosts === 0) return 'no host';
  if (hosts === 1) return 'one host';
  if (machines === hosts) return `${hosts} hosts`;
  return `${hosts} network namespaces on ${machines === 1 ? 'one machine' : `${machines} machines`}`;
}
