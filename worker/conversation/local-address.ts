import { connect } from 'node:net';
import { parseAddress } from '../../rpc/index.js';

const WAIT_MS = 2_000;

/**
 * This host's address on the way to `coordinator`: where other hosts of that network reach it, and no wider than
 * needed. Loopback if the coordinator does not answer yet on a loopback name; otherwise every address.
 */
export function localAddressTowards(coordinator: string): Promise<string> {
  const { host, port } = parseAddress(coordinator);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (address: string): void => {
      socket.destroy();
      resolve(address);
    };
    socket.setTimeout(WAIT_MS);
    socket.once('connect', () => done(bracket(socket.localAddress ?? '127.0.0.1')));
    socket.once('timeout', () => done(fallback(host)));
    socket.once('error', () => done(fallback(host)));
  });
}

function fallback(host: string): string {
  return host === 'localhost' || host.startsWith('127.') ? '127.0.0.1' : '0.0.0.0';
}

function bracket(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
