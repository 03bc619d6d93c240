import { isIPv6 } from 'node:net';
import { AsyncDiffError } from '../common/errors/index.js';

export interface Address {
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * `HOST:PORT`, with IPv6 hosts in brackets (`[::1]:50051`).
 *
 * @throws AsyncDiffError `address_invalid`
 */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text.trim());
  const bracketed = match?.[1];
  const host = bracketed ?? match?.[2];
  const port = Number(match?.[3]);
  if (
    host === undefined ||
    port > 65_535 ||
    (bracketed !== undefined && !isIPv6(bracketed.split('%')[0] ?? ''))
  ) {
    throw new AsyncDiffError('address_invalid', `'${text}' is not an address`, {
      hint: 'Write addresses as HOST:PORT, for example 127.0.0.1:50051 or [::1]:50051.',
    });
  }
  return { host, port };
}

/** The reverse of {@link parseAddress}. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
