import { describe, expect, test } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { UploadModelRequest__Output } from '../../rpc/gen/asyncdiff/v1/UploadModelRequest.js';
import type { WorkerMessage, WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { coordinatorService, messages, unary } from '../../rpc/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import {
  bidiHandler,
  clientStreamHandler,
  serverStreamHandler,
  unaryHandler,
} from '../../rpc/server/index.js';
import { connect, until } from '../support/connected.js';

describe('unary', () => {
  test('carries the code and the hint of an error', async () => {
    const { client } = await connect({
      CancelJob: unaryHandler(() => {
        throw new AsyncDiffError('not_finite', 'NaN in step 3', { hint: 'Try ünicode.' });
      }),
    });
    await expect(unary(client, coordinatorService().CancelJob, { jobId: 'x' })).rejects.toMatchObject({
      code: 'not_finite',
      rawMessage: 'NaN in step 3',
      hint: 'Try ünicode.',
    });
  });

  test('deadline, abort, a method that is not there, nobody there', async () => {
    let seen: AbortSignal | undefined;
    const { client, server } = await connect({
      CancelJob: unaryHandler(async (_, { signal }) => {
        seen = signal;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        return {};
      }),
    });
    await expect(unary(client, coordinatorService().CancelJob, {}, { deadlineMs: 50 })).rejects.toMatchObject(
      {
        code: 'deadline_exceeded',
      },
    );
    await until(() => seen?.aborted === true);
    const abort = new AbortController();
    const call = unary(client, coordinatorService().CancelJob, {}, { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await expect(unary(client, coordinatorService().GetStatus, {})).rejects.toMatchObject({
      code: 'protocol_mismatch',
    });
    await server.close();
    await expect(
      unary(client, coordinatorService().GetStatus, {}, { unreachable: 'worker_unreachable' }),
    ).rejects.toMatchObject({
      code: 'worker_unreachable',
    });
  });
});

describe('server streams', () => {
  test('come in order, carry an error at the end, and are cancelled when the loop is left', async () => {
    let cancelled = false;
    const { client } = await connect({
      Generate: serverStreamHandler(async (request: { prompt: string }, send, { signal }) => {
        for (let step = 0; step < 5; step += 1) await send({ progress: { step } });
        if (request.prompt === 'fail') throw new AsyncDiffError('no_workers', 'none');
        signal.addEventListener('abort', () => {
          cancelled = true;
        });
        await until(() => cancelled);
      }),
    });
    const steps: number[] = [];
    const run = async () => {
      for await (const { progress } of messages(client.generate({ prompt: 'fail' })))
        steps.push(progress?.step ?? -1);
    };
    await expect(run()).rejects.toMatchObject({ code: 'no_workers' });
    expect(steps).toEqual([0, 1, 2, 3, 4]);
    for await (const { progress } of messages(client.generate({ prompt: 'go on' })))
      if (progress?.step === 4) break;
    await until(() => cancelled);
  });

  test('an aborted one is cancelled', async () => {
    const { client } = await connect({
      Generate: serverStreamHandler(async (_: object, send, { signal }) => {
        await send({ progress: { step: 1 } });
        await until(() => signal.aborted);
      }),
    });
    const abort = new AbortController();
    const run = async () => {
      for await (const _ of messages(client.generate({}), { signal: abort.signal })) abort.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('uploads', () => {
  const chunk = { data: Buffer.alloc(1000) };

  async function uploader(
    handle: (requests: AsyncIterable<UploadModelRequest__Output>) => Promise<{ known: boolean }>,
  ) {
    const ended: unknown[] = [];
    const { client, proxy } = await connect({
      UploadModel: clientStreamHandler(async (requests: AsyncIterable<UploadModelRequest__Output>) => {
        try {
          const answer = await handle(requests);
          ended.push(answer);
          return answer;
        } catch (error) {
          ended.push(error);
          throw error;
        }
      }),
    });
    const answer: unknown[] = [];
    const call = client.uploadModel((error, response) => answer.push(error ?? response));
    return { call, answer, ended, proxy };
  }

  const countAll = async (requests: AsyncIterable<UploadModelRequest__Output>) => {
    let count = 0;
    for await (const _ of requests) count += 1;
    return { known: count === 3 };
  };

  test('arrive whole', async () => {
    const { call, answer } = await uploader(countAll);
    for (let i = 0; i < 3; i += 1) call.write(chunk);
    call.end();
    await until(() => answer.length > 0);
    expect(answer).toEqual([{ known: true }]);
  });

  test('are an error for the handler when the connection breaks in the middle', async () => {
    const { call, answer, ended, proxy } = await uploader(countAll);
    call.write(chunk);
    await until(() => proxy.passedBytes.up > 1000);
    proxy.cut();
    await until(() => answer.length > 0 && ended.length > 0);
    expect(ended[0]).toMatchObject({ code: 'cancelled' });
  });

  test('may be answered before their end', async () => {
    const { call, answer } = await uploader(async (requests) => {
      for await (const _ of requests) break;
      return { known: true };
    });
    call.write(chunk);
    call.write(chunk);
    await until(() => answer.length > 0);
    expect(answer).toEqual([{ known: true }]);
    call.end();
  });
});

describe('control streams', () => {
  type AtServer = ControlStream<CoordinatorMessage, WorkerMessage__Output>;
  type AtClient = ControlStream<WorkerMessage, CoordinatorMessage__Output>;

  async function pair() {
    let atServer: AtServer | undefined;
    const serverClosed: (string | undefined)[] = [];
    const clientClosed: (string | undefined)[] = [];
    const { client, proxy } = await connect({
      Join: bidiHandler<WorkerMessage__Output, CoordinatorMessage>((stream) => {
        atServer = stream;
        stream.listen({
          onMessage: ({ pong }) => stream.send({ ping: { id: (pong?.id ?? 0) + 1 } }),
          onClosed: (error) => serverClosed.push(error?.code),
        });
      }),
    });
    const received: number[] = [];
    const atClient: AtClient = new ControlStream(client.join());
    atClient.listen({
      onMessage: ({ ping }) => received.push(ping?.id ?? 0),
      onClosed: (error) => clientClosed.push(error?.code),
    });
    atClient.send({ pong: { id: 1 } });
    await until(() => received.length === 1);
    return { atClient, atServer: atServer as AtServer, proxy, received, serverClosed, clientClosed };
  }

  test('an orderly end is no error on either side', async () => {
    const { atClient, atServer, received, serverClosed, clientClosed } = await pair();
    expect(received).toEqual([2]);
    atClient.end();
    await until(() => serverClosed.length > 0);
    expect(clientClosed).toEqual([]);
    atServer.send({ ping: { id: 9 } });
    atServer.end();
    await until(() => clientClosed.length > 0);
    expect(received).toEqual([2, 9]);
    await expect(atClient.drained()).rejects.toMatchObject({ code: 'cancelled' });
    expect([serverClosed, clientClosed]).toEqual([[undefined], [undefined]]);
  });

  test('a cut connection is an error on both sides, once', async () => {
    const { proxy, serverClosed, clientClosed, atServer } = await pair();
    proxy.cut();
    await until(() => serverClosed.length > 0 && clientClosed.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(serverClosed).toEqual(['cancelled']);
    expect(clientClosed).toEqual(['coordinator_unreachable']);
    atServer.send({ ping: { id: 1 } }, 5);
    await expect(atServer.drained()).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('failing carries the error to the other side', async () => {
    const { atServer, clientClosed } = await pair();
    atServer.fail(new AsyncDiffError('protocol_mismatch', 'version 2'));
    await until(() => clientClosed.length > 0);
    expect(clientClosed).toEqual(['protocol_mismatch']);
    const other = await pair();
    other.atClient.fail(new Error('tired'));
    await until(() => other.serverClosed.length > 0);
    expect(other.clientClosed).toEqual(['internal']);
  });

  test('queued bytes are counted, and drained waits for the network', async () => {
    const { atClient, proxy } = await pair();
    proxy.hold('up');
    const data = Buffer.alloc(8 * 1024 * 1024);
    // More than the window and all buffers on the way.
    for (let i = 0; i < 10; i += 1) {
      atClient.send({ relayedFrame: { toWorkerIds: [], frame: { data } } }, data.byteLength);
    }
    expect(atClient.queuedBytes).toBe(10 * data.byteLength);
    let drained = false;
    const waiting = atClient.drained(0).then(() => {
      drained = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(drained).toBe(false);
    proxy.release('up');
    await waiting;
    expect(atClient.queuedBytes).toBe(0);
    expect(atClient.queuedMessages).toBe(0);
  });
});
