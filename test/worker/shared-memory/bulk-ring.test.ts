import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
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
  type RingOffer,
  RingReader,
  RingWriter,
} from '../../../worker/exchange/shared-memory/index.js';
import { startServer } from '../../../rpc/server/index.js';

const MIB = 2 ** 20;
const FOLDER = '/dev/shm';
const meta = { jobId: 'j', attempt: 1, name: 'h', version: 0, sentUs: 0 };

function pair(): { reader: RingReader; writer: RingWriter } {
  const reader = RingReader.create() as RingReader;
  const writer = RingWriter.open(reader.offer) as RingWriter;
  reader.unlink();
  return { reader, writer };
}

/** Bytes that tell which extent they belong to. */
const bytes = (seed: number, size: number) => Buffer.alloc(size, `extent ${seed}/${size};`);

describe.skipIf(!existsSync(FOLDER))('a ring in shared memory', () => {
  test('gives back what was written, in order, however writes and reads alternate and sizes vary', () => {
    const { reader, writer } = pair();
    const size = fc.oneof(fc.integer({ min: 1, max: 9 * MIB }), fc.integer({ min: 1, max: 5000 }));
    const act = fc.oneof({ arbitrary: size, weight: 3 }, { arbitrary: fc.constant(0), weight: 2 });
    let seed = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
        const underWay: { offsetBytes: number; data: Buffer }[] = [];
        const readOne = (): void => {
          const next = underWay.shift();
          if (next !== undefined)
            expect(reader.read(next.offsetBytes, next.data.byteLength).equals(next.data)).toBe(true);
        };
        for (const sizeBytes of acts) {
          if (sizeBytes === 0) readOne();
          else {
            const offsetBytes = writer.reserve(sizeBytes);
            if (offsetBytes === undefined) {
              // It may be full, never for nothing.
              const held = underWay.reduce((sum, { data }) => sum + data.byteLength, 0);
              expect(held + sizeBytes).toBeGreaterThan(16 * MIB);
              continue;
            }
            const data = bytes(seed++, sizeBytes);
            writer.write(offsetBytes, data);
            underWay.push({ offsetBytes, data });
          }
        }
        while (underWay.length > 0) readOne();
      }),
      { numRuns: 60 },
    );
    reader.close();
    writer.close();
  });

  test('an empty ring is used from its beginning: small tensors stay in the same pages', () => {
    const { reader, writer } = pair();
    for (let at = 0; at < 5; at++) {
      expect(writer.reserve(1000)).toBe(0);
      writer.write(0, bytes(at, 1000));
      reader.read(0, 1000);
    }
    expect(writer.reserve(33 * MIB)).toBeUndefined();
    reader.close();
    writer.close();
  });

  test('leaves no file behind, whoever closes first', () => {
    const before = readdirSync(FOLDER);
    const { reader, writer } = pair();
    writer.close();
    reader.close();
    RingReader.create()?.close();
    expect(readdirSync(FOLDER)).toEqual(before);
  });

  test('a writer opens nothing but what was offered', () => {
    const reader = RingReader.create() as RingReader;
    const { name, key } = reader.offer;
    const other = `asyncdiff-${'0'.repeat(32)}`;
    const refused: RingOffer[] = [
      { name, key: Buffer.alloc(16) },
      { name, key: Buffer.alloc(3) },
      { name: `../..${FOLDER}/${name}`, key },
      { name: 'passwd', key },
      { name: `asyncdiff-${'f'.repeat(32)}`, key },
    ];
    for (const offer of refused) expect(RingWriter.open(offer)).toBeUndefined();
    for (const make of [
      (path: string) => symlinkSync(`${FOLDER}/${name}`, path),
      (path: string) => writeFileSync(path, key),
    ]) {
      make(`${FOLDER}/${other}`);
      expect(RingWriter.open({ name: other, key })).toBeUndefined();
      rmSync(`${FOLDER}/${other}`);
    }
    reader.close();
  });

  test('a place that the ring does not have is a broken protocol', () => {
    const { reader, writer } = pair();
    for (const [offset, size] of [
      [32 * MIB, 1],
      [0, 33 * MIB],
    ] as const)
      expect(() => reader.read(offset, size)).toThrow(expect.objectContaining({ code: 'protocol_mismatch' }));
    reader.close();
    writer.close();
  });
});

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
