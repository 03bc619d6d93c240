import { gzipSync } from 'node:zlib';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Coordinator } from '../../coordinator/index.js';
import { type CoordinatorChannel, clientError, openCoordinatorChannel } from '../../rpc/index.js';
import { tempFolder } from '../support/temp-folder.js';

const refused: object[] = [];
let coordinator: Coordinator;
let channel: CoordinatorChannel;
let session: ClientHttp2Session;
let raw: Client;

beforeAll(async () => {
  coordinator = await Coordinator.start({
    listen: '127.0.0.1:0',
    workDir: tempFolder(),
    threads: 1,
    maxMessageBytes: 1 << 20,
    clientStallMs: 500,
    limitsMs: { hello: 500, join: 200 },
    log: { info: () => undefined, warn: (fields) => void refused.push(fields) },
  });
  channel = openCoordinatorChannel(coordinator.address, { settings: { maxMessageBytes: 64 << 20 } });
  raw = new Client(coordinator.address, credentials.createInsecure());
  session = connect(`http://${coordinator.address}`);
  session.on('error', () => undefined);
});
afterAll(async () => {
  session.destroy();
  raw.close();
  channel.close();
  await coordinator.stop(0);
});

/** Whatever was done to it, it goes on. */
async function isThere(): Promise<void> {
  await expect(
    new Promise((resolve) => channel.getStatus({}, (error, status) => resolve(error ?? status?.version))),
  ).resolves.toEqual(coordinator.version);
  expect(coordinator.jobs.running + coordinator.jobs.queued).toBe(0);
}

const METHODS = ['Generate', 'Denoise', 'Run', 'AttachJob', 'Plan', 'UploadModel', 'Join', 'FetchArtifacts'];

function framed(body: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** Bytes as a call: the status and code that it ends with. */
async function sent(method: string, bytes: Uint8Array, more: OutgoingHttpHeaders = {}): Promise<unknown> {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/asyncdiff.v1.Coordinator/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
  const ends: Record<string, unknown> = {};
  stream.on('response', (headers) => Object.assign(ends, headers));
  stream.on('trailers', (headers) => Object.assign(ends, headers));
  stream.on('error', () => undefined);
  stream.resume();
  stream.end(bytes);
  await once(stream, 'close');
  return ends['asyncdiff-error-code'] ?? `grpc-status ${String(ends['grpc-status'])}`;
}

/** What is a client's fault is not called internal, nor left without a code. (A stream that ends before its first word has ended in order.) */
const OURS = expect.not.stringMatching(/internal|grpc-status [^0]/) as unknown;

it.each(METHODS)('%s: bytes that are no message', async (method) => {
  expect(await sent(method, framed(Buffer.alloc(40, 0xff)))).toBe('protocol_mismatch');
  // A field of the right number and another type.
  expect(await sent(method, framed(Buffer.from([0x0d, 1, 2, 3, 4, 0x15, 1, 2, 3, 4])))).toEqual(OURS);
  await isThere();
});

it.each(METHODS)('%s: nothing at all, half a prefix, half a message, an empty one', async (method) => {
  expect(await sent(method, Buffer.alloc(3))).toBe('protocol_mismatch');
  expect(await sent(method, framed(Buffer.alloc(100)).subarray(0, 50))).toBe('protocol_mismatch');
  for (const bytes of [Buffer.alloc(0), framed(Buffer.alloc(0))])
    expect(await sent(method, bytes)).toEqual(OURS);
  await isThere();
});

it.each(METHODS)(
  '%s: compressed, so that it reads; that it does not; in a way that nobody knows',
  async (method) => {
    const body = Buffer.alloc(40, 0xff);
    expect(await sent(method, framed(gzipSync(body), 1), { 'grpc-encoding': 'gzip' })).toBe(
      'protocol_mismatch',
    );
    expect(await sent(method, framed(body, 1), { 'grpc-encoding': 'gzip' })).toBe('protocol_mismatch');
    expect(await sent(method, framed(body, 1), { 'grpc-encoding': 'zstd' })).toBe('protocol_mismatch');
    // A megabyte and more of zeros, as a kilobyte.
    const bomb = gzipSync(Buffer.alloc(4 << 20));
    expect(await sent(method, framed(bomb, 1), { 'grpc-encoding': 'gzip' })).toBe('message_too_large');
    await isThere();
  },
);

it.each(METHODS)('%s: a message over the limit, and one that says it is', async (method) => {
  expect(await sent(method, framed(Buffer.alloc((1 << 20) + 1)))).toBe('message_too_large');
  const said = framed(Buffer.alloc(0));
  said.writeUInt32BE(0xffff_ffff, 1);
  expect(await sent(method, said)).toBe('message_too_large');
  await isThere();
});

it('a deadline that is none, and one that has passed', async () => {
  expect(await sent('Denoise', framed(Buffer.alloc(0)), { 'grpc-timeout': 'soon' })).toBe(
    'protocol_mismatch',
  );
  expect(await sent('Join', Buffer.alloc(0), { 'grpc-timeout': '0n' })).toEqual(OURS);
  await isThere();
});

it('a method and a service that do not exist; metadata without end', async () => {
  const ask = (path: string, metadata = new Metadata()): Promise<unknown> =>
    new Promise((resolve) =>
      raw.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        Buffer.alloc(0),
        metadata,
        (error) => resolve(error === null ? 'done' : clientError(error).code),
      ),
    );
  expect(await ask('/asyncdiff.v1.Coordinator/Nothing')).toBe('protocol_mismatch');
  expect(await ask('/nobody.v9.Nowhere/Nothing')).toBe('protocol_mismatch');
  const huge = new Metadata();
  huge.set('much', 'x'.repeat(200_000));
  expect(await ask('/asyncdiff.v1.Coordinator/GetStatus', huge)).not.toBe('internal');
  await isThere();
});

it('a worker that says who it is twice, or something else first, or is gone between two words', async () => {
  const hello = { protocolVersion: 1, name: 'w' };
  const join = (say: (call: ReturnType<CoordinatorChannel['join']>) => void): Promise<string> =>
    new Promise((resolve) => {
      const call = channel.join();
      call.on('data', () => undefined);
      call.on('error', (error: Error) => resolve(clientError(error).code));
      call.on('end', () => resolve('ended'));
      say(call);
    });
  expect(
    await join((call) => {
      call.write({ hello });
      call.write({ hello });
    }),
  ).toBe('protocol_mismatch');
  expect(await join((call) => call.write({ pong: { id: 1 } }))).not.toBe('internal');
  expect(await join((call) => call.end())).not.toBe('internal');
  expect(
    await join((call) => {
      call.write({ pong: { id: 1 } });
      call.cancel();
    }),
  ).not.toBe('internal');
  await isThere();
});
