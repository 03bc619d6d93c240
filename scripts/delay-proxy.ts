#!/usr/bin/env node
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { formatAddress, parseAddress } from '../rpc/index.js';
import { clock, Lane, type LaneOptions } from './delay-lane.js';

/** Delay and limit of each direction of each connection. */
interface DelayProxyOptions extends LaneOptions {
  /** Where it forwards to, HOST:PORT. */
  readonly to: string;
  /** Default 127.0.0.1:0. */
  readonly listen?: string;
}

/** Seen from the side that dialled the proxy. */
type Direction = 'up' | 'down';

export interface DelayProxy {
  readonly address: string;
  /** Bytes passed on so far, all connections together. */
  readonly passedBytes: Readonly<Record<Direction, number>>;
  /** Keeps everything that goes in this direction back until `release`: acknowledgements of any protocol included. */
  hold(direction: Direction): void;
  release(direction: Direction): void;
  /** Breaks every connection, as a cut cable with a reset would. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a TCP proxy that delays, and if asked limits, what passes: a stand-in for `tc netem`, which many kernels lack. */
export async function startDelayProxy(options: DelayProxyOptions): Promise<DelayProxy> {
  const target = parseAddress(options.to);
  const listen = parseAddress(options.listen ?? '127.0.0.1:0');
  const passedBytes = { up: 0, down: 0 };
  const held = { up: false, down: false };
  const connections = new Set<{ readonly sockets: Socket[]; readonly lanes: Record<Direction, Lane> }>();

  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const lane = (from: Socket, to: Socket, direction: Direction): Lane => {
      const made = new Lane(from, to, options, (bytes) => {
        passedBytes[direction] += bytes;
      });
      made.held = held[direction];
      clock.lanes.add(made);
      return made;
    };
    const connection = {
      sockets: [near, far],
      lanes: { up: lane(near, far, 'up'), down: lane(far, near, 'down') },
    };
    connections.add(connection);
    for (const socket of connection.sockets) {
      socket.on('error', () => undefined);
      socket.on('close', (broken) => {
        if (!broken && !(near.destroyed && far.destroyed)) return;
        near.destroy();
        far.destroy();
        connections.delete(connection);
        clock.lanes.delete(connection.lanes.up);
        clock.lanes.delete(connection.lanes.down);
      });
    }
  });
  server.listen(listen.port, listen.host);
  await once(server, 'listening');

  const setHeld = (direction: Direction, value: boolean): void => {
    held[direction] = value;
    for (const { lanes } of connections) lanes[direction].held = value;
    clock.wake();
  };
  const cut = (): void => {
    for (const { sockets } of connections) for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    address: formatAddress({ host: listen.host, port: (server.address() as { port: number }).port }),
    passedBytes,
    hold: (direction) => setHeld(direction, true),
    release: (direction) => setHeld(direction, false),
    cut,
    close: async () => {
      server.close();
      cut();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** `10gbit`, `100mbit`, `512kbit` as bytes per second. */
export function parseRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(k|m|g)bit$/.exec(text);
  if (match === null) throw new Error(`'${text}' is not a rate: write 10gbit, 100mbit or 512kbit`);
  return (Number(match[1]) * { k: 1e3, m: 1e6, g: 1e9 }[match[2] as 'k' | 'm' | 'g']) / 8;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      listen: { type: 'string', default: '127.0.0.1:0' },
      to: { type: 'string' },
      'delay-ms': { type: 'string', default: '0' },
      rate: { type: 'string' },
    },
  });
  if (values.to === undefined)
    throw new Error('usage: delay-proxy --to HOST:PORT [--listen HOST:PORT] [--delay-ms 1] [--rate 1gbit]');
  const proxy = await startDelayProxy({
    to: values.to,
    listen: values.listen,
    delayMs: Number(values['delay-ms']),
    ...(values.rate === undefined ? {} : { bytesPerSecond: parseRate(values.rate) }),
  });
  process.stdout.write(`${proxy.address}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  });
}
