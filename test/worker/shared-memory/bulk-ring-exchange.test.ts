import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../../common/tensor/index.js';
import type { ExchangeCall } from '../../../worker/exchange/exchange-call.js';
import { encodeFrames } from '../../../rpc/frame.js';
import { ExchangeClient, ExchangeServer } from '../../../worker/exchange/index.js';
import { workerService } from '../../../rpc/index.js';
import { expectSameBits } from '../../support/bits.js';
import { eventually } from '../../support/cli.js';
import { SharedFrameWriter } from '../../../worker/exchange/shared-frame-writer.js';
import {
  FrameRingReader,
  FrameRingWriter,
  RingWriter,
} from '../../../worker/exchange/shared-memory/index.js';
import { startServer } from '../../../rpc/server/index.js';

const MIB = 2 ** 20;
const FOLDER = '/dev/shm';
const meta = { jobId: 'j', attempt: 1, name: 'h', version: 0, sentUs: 0 };

describe.skipIf(!existsSync(FOLDER))('the exchange', () => {
  const large: Tensor = { dtype: 'float32', dims: [1_000_000], data: new Float32Array(1_000_000).fill(0.5) };

  async function exchanged(
    handle: (call: ExchangeCall) => void,
    sharedMemory: boolean,
  ): Promise<{ tensor: Tensor; shares: boolean }> {
    const server = await startServer({
      listen: '127.0.0.1:0',
      services: [{ definition: { Exchange: workerService().Exchange }, handlers: { Exchange: handle } }],
    });
    let client: ExchangeClient | undefined;
    try {
      let shares = false;
      const tensor = await new Promise<Tensor>((resolve, reject) => {
        ExchangeClient.connect({
          address: server.address,
          workerId: 'c',
          producerId: 'p',
          deploymentId: 'plan',
          sharedMemory,
          onTensor: (arrived) => {
            shares = client?.sharesMemory ?? false;
            resolve(arrived);
          },
          onLost: reject,
        }).then((connected) => (client = connected), reject);
      });
      return { tensor, shares };
    } finally {
      client?.close();
      await server.close();
    }
  }

  test.each([true, false])('with shared memory %s: the tensor is the same', async (sharedMemory) => {
    const exchange = new ExchangeServer({ producerId: () => 'p' });
    void exchange.publish('plan', 'c', large, meta);
    const { tensor, shares } = await exchanged(exchange.handler, sharedMemory);
    expect(shares).toBe(sharedMemory);
    expectSameBits(tensor, large, 'exchanged');
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
  ])(
    'frames pass between those who both take part (producer %s, consumer %s), until the stream ends',
    async (there, here) => {
      const rings: [string, string, boolean][] = [];
      let writer: FrameRingWriter | undefined;
      const exchange = new ExchangeServer({
        producerId: () => 'p',
        onFrameRing: there
          ? (deploymentId, consumerId, fd) => {
              rings.push([deploymentId, consumerId, fd !== undefined]);
              if (fd !== undefined) writer = new FrameRingWriter(fd);
            }
          : undefined,
      });
      const server = await startServer({
        listen: '127.0.0.1:0',
        services: [
          { definition: { Exchange: workerService().Exchange }, handlers: { Exchange: exchange.handler } },
        ],
      });
      let reader: FrameRingReader | undefined;
      const client = await ExchangeClient.connect({
        address: server.address,
        workerId: 'c',
        producerId: 'p',
        deploymentId: 'plan',
        sharedMemory: true,
        onFrameRing: here ? (fd) => (reader = new FrameRingReader(fd)) : undefined,
        onTensor: () => undefined,
        onLost: () => undefined,
      });
      try {
        expect(rings).toEqual(there && here ? [['plan', 'c', true]] : []);
        const small: Tensor = { dtype: 'float32', dims: [2], data: Float32Array.of(1, 2) };
        expect(writer?.put(meta, small)).toBe(there && here ? true : undefined);
        if (there) expect(reader?.take()?.tensor).toEqual(here ? small : undefined);
        client.close();
        if (there && here) await eventually(() => rings.length === 2, 'the ring to be given up');
        expect(rings.slice(1)).toEqual(there && here ? [['plan', 'c', false]] : []);
      } finally {
        reader?.close();
        writer?.close();
        client.close();
        await server.close();
      }
    },
  );

  test('a producer that cannot reach it sends over the network', async () => {
    const exchange = new ExchangeServer({ producerId: () => 'p' });
    void exchange.publish('plan', 'c', large, meta);
    const elsewhere = (call: ExchangeCall): void => {
      call.once('data', (request: { subscribe: { ringKey: Buffer } }) => request.subscribe.ringKey.fill(0));
      exchange.handler(call);
    };
    const { tensor, shares } = await exchanged(elsewhere, true);
    expect(shares).toBe(false);
    expectSameBits(tensor, large, 'over the network');
  });

  test('a writer whose memory gives out goes on over the network', async () => {
    let broken = 0;
    const { tensor } = await exchanged((call) => {
      call.once('data', (request: { subscribe: { ringName: string; ringKey: Buffer } }) => {
        const { ringName: name, ringKey: key } = request.subscribe;
        const ring = RingWriter.open({ name, key }) as RingWriter;
        const offset = ring.reserve(large.data.byteLength) as number;
        // As good as full: nothing can be written to it any more.
        ring.close();
        const [frame] = encodeFrames(meta, large);
        const writer = new SharedFrameWriter(call, frame!, ring, offset, () => (broken += 1));
        const next = (): void => {
          if (!writer.isWritten) writer.write(MIB, next);
        };
        next();
      });
    }, true);
    expect(broken).toBe(1);
    expectSameBits(tensor, large, 'over the network');
  });
});
