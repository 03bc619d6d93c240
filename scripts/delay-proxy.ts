#!/usr/bin/env node
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { formatAddress, parseAddress } from '../rpc/index.js';

export interface DelayProxyOptions {
  /** Where it forwards to, HOST:PORT. */
  readonly to: string;
  /** Default 127.0.0.1:0. */
  readonly listen?: string;
  /** Added to each direction, milliseconds. */
  readonly delayMs: number;
  /** Limit of each direction of each connection; none if left out. */
  readonly bytesPerSecond?: number;
}

/** Seen from the side that dialled the proxy. */
export type Direction = 'up' | 'down';

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

const UNLIMITED_BUFFER_BYTES = 64 * 1024 * 1024;
const MIN_BUFFER_BYTES = 256 * 1024;
/** With a rate, larger pieces than this would arrive in visible jumps. */
const PIECE_BYTES = 16 * 1024;
const SLEEP_MS = 0.05;

/** One direction of one connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delayMs: number;
  readonly #bytesPerMs: number;
  readonly #limitBytes: number;
  readonly #passed: (bytes: number) => void;
  /** No chunk: the end of the stream. */
  #queue: { readonly dueMs: number; readonly chunk: Buffer | undefined }[] = [];
  #queuedBytes = 0;
  #freeMs = 0;
  #blocked = false;
  held = false;

  constructor(
    from: Socket,
    to: Socket,
    options: DelayProxyOptions,
    clock: Clock,
    passed: (bytes: number) => void,
  ) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = options.delayMs;
    this.#passed = passed;
    const { bytesPerSecond } = options;
    this.#bytesPerMs = (bytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000;
    this.#limitBytes =
      bytesPerSecond === undefined
        ? UNLIMITED_BUFFER_BYTES
        : Math.max(MIN_BUFFER_BYTES, this.#bytesPerMs * (options.delayMs + 20));
    from.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      clock.wake();
    });
    from.on('end', () => {
      this.#queue.push({
        dueMs: Math.max(this.#freeMs, performance.now()) + this.#delayMs,
        chunk: undefined,
      });
      clock.wake();
    });
    to.on('drain', () => {
      this.#blocked = false;
      clock.wake();
    });
  }

  #take(chunk: Buffer): void {
    const step = Number.isFinite(this.#bytesPerMs) ? PIECE_BYTES : chunk.byteLength;
    for (let at = 0; at < chunk.byteLength; at += step) {
      const piece = chunk.subarray(at, at + step);
      this.#freeMs = Math.max(this.#freeMs, performance.now()) + piece.byteLength / this.#bytesPerMs;
      this.#queue.push({ dueMs: this.#freeMs + this.#delayMs, chunk: piece });
    }
    this.#queuedBytes += chunk.byteLength;
    if (this.#queuedBytes > this.#limitBytes) this.#from.pause();
  }

  /** When the next piece is due; Infinity if nothing can go. */
  get dueMs(): number {
    return this.held || this.#blocked
      ? Number.POSITIVE_INFINITY
      : (this.#queue[0]?.dueMs ?? Number.POSITIVE_INFINITY);
  }

  pass(nowMs: number): void {
    if (this.dueMs > nowMs) return;
    const count = this.#queue.findIndex(({ dueMs }) => dueMs > nowMs);
    const due = this.#queue.splice(0, count === -1 ? this.#queue.length : count);
    let bytes = 0;
    this.#to.cork();
    for (const { chunk } of due) {
      if (chunk === undefined) this.#to.end();
      else {
        bytes += chunk.byteLength;
        if (this.#to.writable) this.#blocked = !this.#to.write(chunk);
      }
    }
    this.#to.uncork();
    this.#queuedBytes -= bytes;
    this.#passed(bytes);
    if (this.#queuedBytes <= this.#limitBytes) this.#from.resume();
  }
}

/** Wakes lanes at times much finer than Node's timers, which count whole milliseconds. */
class Clock {
  readonly lanes = new Set<Lane>();
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #turning = false;
  #fed = false;

  wake(): void {
    this.#fed = true;
    if (this.#turning) return;
    clearTimeout(this.#timer);
    this.#turning = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      lane.pass(nowMs);
      nextMs = Math.min(nextMs, lane.dueMs);
    }
    const waitMs = nextMs - performance.now();
    if (waitMs > 2) {
      this.#turning = false;
      if (Number.isFinite(waitMs)) this.#timer = setTimeout(() => this.wake(), Math.floor(waitMs - 1));
      return;
    }
    // Close to the time: look again each turn of the event loop, giving the processor away when nothing happens.
    if (!this.#fed && waitMs > 0) Atomics.wait(this.#sleep, 0, 0, Math.min(waitMs, SLEEP_MS));
    this.#fed = false;
    setImmediate(() => this.#turn());
  }
}

/** One for all proxies of a process: several that sleep in turn would each be late by the others' sleep. */
const clock = new Clock();

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
      const made = new Lane(from, to, options, clock, (bytes) => {
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
