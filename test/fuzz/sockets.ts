import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { AsyncDiffClient } from '../../client/index.js';
import { Coordinator } from '../../coordinator/index.js';
import { AsyncDiffWorker } from '../../worker/index.js';
import { mutated } from './mutations.js';

/** A server that has not closed its side so long after ours is not waited for. */
const CLOSE_MS = 100;
/** A status that takes longer counts as no answer. */
const STATUS_MS = 2_000;
/** Connections at once, some of which say nothing more. */
const AT_ONCE = 64;
/** After so many connections the servers are asked how they are. */
const ASK_EVERY = 100;
/** What a connection says may come in so many pieces. */
const MAX_PIECES = 4;

export interface SocketsResult {
  readonly connections: number;
  /** Left open after what they had said, up to 64 of them at once, until others took their place. */
  readonly halfOpen: number;
  readonly seconds: number;
  readonly statusAsked: number;
  /** The slowest answer of the coordinator, milliseconds. */
  readonly slowestStatusMs: number;
  /** More resident memory at the end than after the first hundred connections, MB. */
  readonly grownMb: number;
  readonly failures: readonly string[];
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** What a client begins with, for it to be changed: HTTP/2 with its settings, a request's headers, a ping, a window of nothing; TLS; HTTP/1. */
const BEGINNINGS: readonly Uint8Array[] = [
  PREFACE,
  Buffer.concat([PREFACE, frame(4, 0, 0)]),
  Buffer.concat([PREFACE, frame(4, 0, 0), frame(6, 0, 0, Buffer.alloc(8))]),
  Buffer.concat([PREFACE, frame(4, 0, 0), frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))]),
  Buffer.concat([PREFACE, frame(4, 0, 0), frame(1, 4, 1, headers('/asyncdiff.v1.Coordinator/Join'))]),
  Buffer.concat([
    PREFACE,
    frame(4, 0, 0),
    frame(1, 4, 1, headers('/asyncdiff.v1.Coordinator/GetStatus')),
    frame(0, 1, 1, Buffer.alloc(5)),
  ]),
  Buffer.concat([
    PREFACE,
    frame(4, 0, 0),
    frame(1, 4, 1, headers('/asyncdiff.v1.Worker/Exchange')),
    frame(0, 0, 1, Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])),
  ]),
  Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
  Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  new Uint8Array(0),
];

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The headers of a gRPC call, none of them compressed (RFC 7541, section 6.2.2). */
function headers(path: string): Buffer {
  const all = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ];
  return Buffer.concat(all.map((pair) => Buffer.concat([Buffer.from([0]), ...pair.map(literal)])));
}

function literal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

/**
 * Random and changed bytes on real sockets of a running coordinator and worker, some of which are then left open. Both must go on: the
 * coordinator answers, its worker stays registered, and what is thrown outside of a call ends the run as a failure.
 * @param folder for plans and artifacts
 */
export async function fuzzSockets(connections: number, seed: number, folder: string): Promise<SocketsResult> {
  const log = { info: () => undefined, warn: () => undefined };
  const coordinator = await Coordinator.start({
    listen: '127.0.0.1:0',
    workDir: `${folder}/plans`,
    threads: 1,
    log,
  });
  const worker = await AsyncDiffWorker.start({
    join: coordinator.address,
    name: 'w1',
    threads: 1,
    cacheDir: `${folder}/cache`,
    log,
  });
  await coordinator.registry.waitFor(1, 30_000);
  const client = new AsyncDiffClient(coordinator.address);
  const targets = [coordinator.address, worker.address];
  const inputs = fc.sample(
    fc.record({ bytes: mutated(BEGINNINGS), pieces: fc.nat({ max: MAX_PIECES }), staysOpen: fc.boolean() }),
    { numRuns: connections, seed },
  );
  const failures: string[] = [];
  const open: Socket[] = [];
  const startMs = performance.now();
  let [statusAsked, slowestStatusMs, halfOpen, beforeMb] = [0, 0, 0, 0];
  const ask = async (): Promise<void> => {
    const askedMs = performance.now();
    statusAsked += 1;
    try {
      const { workers } = await client.status({ signal: AbortSignal.timeout(STATUS_MS) });
      if (workers.length !== 1)
        failures.push(`after ${statusAsked * ASK_EVERY} connections: ${workers.length} workers`);
    } catch (error) {
      failures.push(`after ${statusAsked * ASK_EVERY} connections: ${String(error)}`);
    }
    slowestStatusMs = Math.max(slowestStatusMs, performance.now() - askedMs);
  };
  for (const [at, { bytes, pieces, staysOpen }] of inputs.entries()) {
    const socket = await opened(targets[at % targets.length] as string);
    for (const piece of inPieces(bytes, pieces + 1)) socket.write(piece);
    if (staysOpen) {
      halfOpen += 1;
      open.push(socket);
      if (open.length > AT_ONCE) await ended(open.shift() as Socket);
    } else await ended(socket);
    if ((at + 1) % ASK_EVERY === 0) await ask();
    if (at + 1 === ASK_EVERY) beforeMb = rssMb();
  }
  await Promise.all(open.map(ended));
  await ask();
  const grownMb = Math.round(rssMb() - beforeMb);
  client.close();
  await worker.stop(0);
  await coordinator.stop(0);
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  return {
    connections,
    halfOpen,
    seconds,
    statusAsked,
    slowestStatusMs: Math.round(slowestStatusMs),
    grownMb,
    failures,
  };
}

function rssMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

function inPieces(bytes: Uint8Array, count: number): Uint8Array[] {
  const size = Math.max(1, Math.ceil(bytes.byteLength / count));
  return Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}

function opened(address: string): Promise<Socket> {
  const [host, port] = address.split(':') as [string, string];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
    // What the server says is taken, and that it resets what cannot be read is right.
    socket.on('error', () => undefined);
    socket.resume();
  });
}

/** Some with a word, some without one: resets are part of the noise. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => socket.destroy(), CLOSE_MS);
    socket.once('close', () => {
      clearTimeout(late);
      resolve();
    });
    if (socket.destroyed) return resolve();
    if (socket.bytesWritten % 2 === 0) socket.end();
    else socket.resetAndDestroy();
  });
}
