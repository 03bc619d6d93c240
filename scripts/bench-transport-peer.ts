// One end, or the proxy, of scripts/bench-transport.ts: started by it, talks to it over Node's IPC channel.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Tensor } from '../common/tensor/index.js';
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage, WorkerMessage__Output } from '../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { coordinatorService, encodeFrames, openCoordinatorChannel, workerService } from '../rpc/index.js';
import { ControlStream, FrameAssembler } from '../rpc/streams/index.js';
import { DEFAULT_MAX_IN_FLIGHT_BYTES, ExchangeClient, ExchangeServer } from '../worker/exchange/index.js';
import { startDelayProxy } from './delay-proxy.js';
import { bidiHandler, startServer } from '../rpc/server/index.js';

export type Kind = 'tcp' | 'grpc';

export type Role =
  | { readonly role: 'server' | 'client'; readonly tuned: boolean }
  | { readonly role: 'proxy'; readonly to: string; readonly delayMs: number };

export interface Job {
  readonly kind: Kind;
  /** Of the bulk: down is server to client. */
  readonly direction: 'down' | 'up';
  readonly count: number;
  readonly messageBytes: number;
  readonly plan: string;
  readonly address: string;
}

export interface Result {
  /** At the receiver: from the end of the first message to the end of the last. */
  readonly spanMs: number;
  readonly cpuMs: number;
}

export interface PeerMessage {
  readonly addresses?: Record<Kind, string>;
  readonly result?: Result;
}

const report = (message: PeerMessage): void => void process.send?.(message);

function tensorOf(bytes: number): Tensor {
  const length = Math.floor(bytes / 4);
  return { dtype: 'float32', dims: [length], data: new Float32Array(length).fill(0.5) };
}

/** Notes when the first and the last message are complete. */
class Tally {
  readonly #job: Job;
  readonly done: Promise<number>;
  #resolve: (spanMs: number) => void = () => undefined;
  #bytes = 0;
  #firstMs = 0;

  constructor(job: Job) {
    this.#job = job;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  add(bytes: number): void {
    const { messageBytes, count } = this.#job;
    const one = messageBytes - (messageBytes % 4);
    if (this.#bytes < one && this.#bytes + bytes >= one) this.#firstMs = performance.now();
    this.#bytes += bytes;
    if (this.#bytes === one * count) this.#resolve(performance.now() - this.#firstMs);
  }
}

async function writeAll(socket: Socket, job: Job): Promise<void> {
  const bytes = new Uint8Array(tensorOf(job.messageBytes).data.buffer);
  for (let i = 0; i < job.count; i += 1) if (!socket.write(bytes)) await once(socket, 'drain');
}

async function runServer(): Promise<void> {
  let upTally: Tally | undefined;
  let upAssembler = new FrameAssembler();
  const exchange = new ExchangeServer({ producerId: () => 'server' });
  const join = bidiHandler<WorkerMessage__Output, CoordinatorMessage>((stream) => {
    stream.listen({
      onMessage: (message) => {
        const frame = message.relayedFrame?.frame;
        if (!frame) return;
        const received = upAssembler.accept(frame);
        if (received !== undefined) upTally?.add(received.meta.bytes);
      },
      onClosed: () => stream.end(),
    });
  });
  const grpc = await startServer({
    listen: '127.0.0.1:0',
    services: [
      { definition: workerService(), handlers: { Exchange: exchange.handler, Attach: unused } },
      {
        definition: coordinatorService(),
        handlers: Object.fromEntries(
          Object.keys(coordinatorService()).map((name) => [name, name === 'Join' ? join : unused]),
        ),
      },
    ],
  });

  let accepted: Promise<Socket>;
  const tcp = createServer({ noDelay: true });
  const expectSocket = (): void => {
    accepted = once(tcp, 'connection').then(([socket]) => socket as Socket);
  };
  expectSocket();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');

  const work = async (job: Job): Promise<number> => {
    const tally = new Tally(job);
    if (job.kind === 'tcp') {
      const socket = await accepted;
      expectSocket();
      socket.on('error', () => undefined);
      if (job.direction === 'down') {
        await writeAll(socket, job);
        await once(socket, 'close');
        return 0;
      }
      socket.on('data', (chunk: Buffer) => tally.add(chunk.byteLength));
      const spanMs = await tally.done;
      socket.end();
      return spanMs;
    }
    if (job.direction === 'down') {
      const tensor = tensorOf(job.messageBytes);
      await Promise.all(
        Array.from({ length: job.count }, (_, version) =>
          exchange.publish(job.plan, 'client', tensor, {
            jobId: 'bench',
            attempt: 1,
            name: 'h',
            version,
            sentUs: 0,
          }),
        ),
      );
      exchange.dropDeployment(job.plan);
      return 0;
    }
    upAssembler = new FrameAssembler();
    upTally = tally;
    return tally.done;
  };
  serve(work);
  report({ addresses: { grpc: grpc.address, tcp: `127.0.0.1:${(tcp.address() as { port: number }).port}` } });
}

function unused(): never {
  throw new Error('not part of the benchmark');
}

function runClient(): void {
  serve(async (job) => {
    const tally = new Tally(job);
    if (job.kind === 'tcp') {
      const [host, port] = job.address.split(':');
      const socket = connect({ host: host ?? '', port: Number(port), noDelay: true });
      await once(socket, 'connect');
      if (job.direction === 'down') {
        socket.on('data', (chunk: Buffer) => tally.add(chunk.byteLength));
        const spanMs = await tally.done;
        socket.destroy();
        return spanMs;
      }
      await writeAll(socket, job);
      socket.resume();
      await once(socket, 'end');
      socket.end();
      return 0;
    }
    if (job.direction === 'down') {
      const client = await ExchangeClient.connect({
        address: job.address,
        workerId: 'client',
        producerId: 'server',
        deploymentId: job.plan,
        onTensor: (_, { bytes }) => tally.add(bytes),
        onLost: () => undefined,
      });
      const spanMs = await tally.done;
      client.close();
      return spanMs;
    }
    await sendUp(job);
    return 0;
  });
  report({});
}

async function sendUp(job: Job): Promise<void> {
  const client = openCoordinatorChannel(job.address);
  const stream = new ControlStream<WorkerMessage, CoordinatorMessage__Output>(client.join());
  const closed = new Promise<void>((resolve) =>
    stream.listen({ onMessage: () => undefined, onClosed: () => resolve() }),
  );
  const tensor = tensorOf(job.messageBytes);
  for (let version = 0; version < job.count; version += 1) {
    for (const frame of encodeFrames({ jobId: 'bench', attempt: 1, name: 'h', version, sentUs: 0 }, tensor)) {
      await stream.drained(Math.max(0, DEFAULT_MAX_IN_FLIGHT_BYTES - frame.data.byteLength));
      stream.send({ relayedFrame: { toWorkerIds: ['x'], frame } }, frame.data.byteLength);
    }
  }
  stream.end();
  await closed;
  client.close();
}

function serve(work: (job: Job) => Promise<number>): void {
  process.on('message', (job: Job) => {
    const before = process.cpuUsage();
    void work(job).then((spanMs) => {
      const { user, system } = process.cpuUsage(before);
      report({ result: { spanMs, cpuMs: (user + system) / 1000 } });
    });
  });
  process.on('disconnect', () => process.exit());
}

const role = JSON.parse(process.argv[2] ?? '{}') as Role;
if (role.role === 'server') await runServer();
else if (role.role === 'client') runClient();
else if (role.role === 'proxy') {
  const proxy = await startDelayProxy({ to: role.to, delayMs: role.delayMs });
  process.on('disconnect', () => process.exit());
  report({ addresses: { grpc: proxy.address, tcp: proxy.address } });
}
