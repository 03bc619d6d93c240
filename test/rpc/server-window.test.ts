import { once } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startDelayProxy } from '../../scripts/delay-proxy.js';
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage, WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import {
  coordinatorService,
  DEFAULT_WINDOW_BYTES,
  encodeFrames,
  type LinkSecurity,
  openCoordinatorChannel,
  PLAINTEXT,
  workerService,
} from '../../rpc/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import { TestAuthority } from '../support/certificates.js';
import { ExchangeClient, ExchangeServer } from '../../worker/exchange/index.js';
import { bidiHandler, startServer } from '../../rpc/server/index.js';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Larger than any default window, smaller than ours. */
const LENGTH = 1_500_000;
const tensor = { dtype: 'float32', dims: [LENGTH], data: new Float32Array(LENGTH) } as const;
const meta = { jobId: 'j', attempt: 1, name: 'h', version: 0, sentUs: 0 };
/** HTTP/2's own window, and room for headers, frames and settings. */
const CLOSED_BYTES = 65_535 + 16_384;

async function stable(read: () => number): Promise<number> {
  for (let last = -1, same = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = read();
    same = now === last ? same + 1 : 0;
    if (same === 20) return now;
    last = now;
  }
}

/** A client's control stream through a proxy, with one message already answered. */
async function upward(security: LinkSecurity, windowBytes?: number) {
  const received: number[] = [];
  const join = bidiHandler<WorkerMessage__Output, CoordinatorMessage>((stream) => {
    stream.listen({
      onMessage: ({ pong, relayedFrame }) => {
        if (pong) stream.send({ ping: { id: pong.id } });
        else received.push(relayedFrame?.frame?.data.byteLength ?? 0);
      },
      onClosed: () => stream.end(),
    });
  });
  const sessions: ServerHttp2Session[] = [];
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [{ definition: { Join: coordinatorService().Join }, handlers: { Join: join } }],
    security,
    settings: { windowBytes },
  });
  cleanups.push(() => server.close());
  const inner = server.server as unknown as {
    http2Servers: Map<
      { on: (event: string, listener: (session: ServerHttp2Session) => void) => void },
      unknown
    >;
  };
  for (const http2Server of inner.http2Servers.keys())
    http2Server.on('session', (session) => sessions.push(session));
  const proxy = await startDelayProxy({ to: server.address, delayMs: 1 });
  cleanups.push(() => proxy.close());
  const client = openCoordinatorChannel(proxy.address, { security });
  cleanups.push(() => client.close());
  const stream = new ControlStream<WorkerMessage, CoordinatorMessage__Output>(client.join());
  await new Promise<void>((resolve) => {
    stream.listen({ onMessage: () => resolve(), onClosed: () => undefined });
    stream.send({ pong: { id: 1 } });
  });
  return { proxy, received, sessions, stream };
}

function sendTensor(stream: ControlStream<WorkerMessage, unknown>): void {
  const [frame] = encodeFrames(meta, tensor);
  stream.send({ relayedFrame: { toWorkerIds: ['b'], frame: frame ?? null } }, tensor.data.byteLength);
}

/** A consumer behind a proxy, subscribed. */
async function downward(security: LinkSecurity, windowBytes?: number) {
  const exchange = new ExchangeServer({ producerId: () => 'p' });
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [
      { definition: { Exchange: workerService().Exchange }, handlers: { Exchange: exchange.handler } },
    ],
    security,
  });
  cleanups.push(() => server.close());
  const proxy = await startDelayProxy({ to: server.address, delayMs: 1 });
  cleanups.push(() => proxy.close());
  const received: number[] = [];
  const client = await ExchangeClient.connect({
    address: proxy.address,
    workerId: 'c',
    producerId: 'p',
    deploymentId: 'plan',
    onTensor: (_, { bytes }) => void received.push(bytes),
    onLost: () => undefined,
    link: { security, settings: { windowBytes } },
  });
  cleanups.push(() => client.close());
  return { exchange, proxy, received };
}

let mutual: LinkSecurity;
beforeAll(async () => {
  const authority = await TestAuthority.make();
  mutual = authority.security(await authority.host('host'));
});

describe.each([
  ['in plain text', (): LinkSecurity => PLAINTEXT],
  ['under mutual TLS', (): LinkSecurity => mutual],
])('%s', (_how, security) => {
  test('a server takes a whole tensor before the sender has heard anything back', async () => {
    const { proxy, received, sessions, stream } = await upward(security());
    expect(sessions[0]?.localSettings.initialWindowSize).toBe(DEFAULT_WINDOW_BYTES);
    expect(sessions[0]?.state.effectiveLocalWindowSize).toBe(DEFAULT_WINDOW_BYTES);
    // From here on no acknowledgement, no window update, nothing reaches the sender.
    proxy.hold('down');
    sendTensor(stream);
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(received).toEqual([tensor.data.byteLength]);
  });

  test('and with the window that grpc-js leaves, it takes 64 KiB: the test above proves what it says', async () => {
    const { proxy, received, stream } = await upward(security(), 65_535);
    proxy.hold('down');
    const before = proxy.passedBytes.up;
    sendTensor(stream);
    expect((await stable(() => proxy.passedBytes.up)) - before).toBeLessThan(CLOSED_BYTES);
    expect(received).toEqual([]);
  });

  test('a consumer takes a whole tensor before the producer has heard anything back', async () => {
    const { exchange, proxy, received } = await downward(security());
    proxy.hold('up');
    expect(await exchange.publish('plan', 'c', tensor, meta)).toBe(true);
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(received).toEqual([tensor.data.byteLength]);
  });

  test('and with a closed window, it does not', async () => {
    const { exchange, proxy, received } = await downward(security(), 65_535);
    await stable(() => proxy.passedBytes.up);
    proxy.hold('up');
    const before = proxy.passedBytes.down;
    void exchange.publish('plan', 'c', tensor, meta);
    expect((await stable(() => proxy.passedBytes.down)) - before).toBeLessThan(CLOSED_BYTES);
    expect(received).toEqual([]);
  });
});

test('the proxy passes bytes on unchanged, and both ways round', async () => {
  const { createServer, connect } = await import('node:net');
  const echo = createServer((socket) => socket.pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  cleanups.push(() => void echo.close());
  const proxy = await startDelayProxy({
    to: `127.0.0.1:${(echo.address() as { port: number }).port}`,
    delayMs: 2,
    bytesPerSecond: 50e6,
  });
  cleanups.push(() => proxy.close());
  const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1');
  const sent = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7));
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  expect(proxy.passedBytes).toEqual({ up: sent.byteLength, down: sent.byteLength });
});
