import { formatAddress, parseAddress } from '../../rpc/index.js';

const EVERYWHERE = new Set(['0.0.0.0', '::', '::0']);

/**
 * Where other workers reach a worker: the address that it tells, or, if that is every address of its host, the one that
 * the coordinator sees it at.
 *
 * @param told HOST:PORT as the worker says it; empty if none can reach it
 * @param peer HOST:PORT of the other end of its control stream
 */
export function reachableAddress(told: string, peer: string): string {
  if (told === '') return told;
  const { host, port } = parseAddress(told);
  if (!EVERYWHERE.has(host)) return told;
  try {
    const seen = parseAddress(peer).host;
    // An IPv4 client of a socket that listens on IPv6 as well.
    return formatAddress({ host: seen.replace(/^::ffff:(?=\d+\.)/, ''), port });
  } catch {
    return told;
  }
}
