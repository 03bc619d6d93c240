import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import type { ExchangeCall } from '../../worker/exchange/exchange-call.js';
import { ExchangeClient, ExchangeServer } from '../../worker/exchange/index.js';
import { workerService } from '../../rpc/index.js';
import { http2StreamOf } from '../../worker/exchange/frame-writer.js';
import { startServer } from '../../rpc/server/index.js';

test('the way past grpc-js is there, takes the tensor as it lies, and what arrives is the same', async () => {
  const exchange = new ExchangeServer({ producerId: () => 'p' });
  const written: unknown[] = [];
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [
      {
        definition: { Exchange: workerService().Exchange },
        handlers: {
          Exchange: (call: ExchangeCall) => {
            exchange.handler(call);
            call.once('data', () => {
              const stream = http2StreamOf(call);
              const write = stream?.write.bind(stream);
              if (stream === undefined || write === undefined) return;
              stream.write = ((chunk: Uint8Array, done?: () => void) => {
                written.push(chunk.buffer);
                return write(chunk, done as never);
              }) as typeof stream.write;
            });
          },
        },
      },
    ],
  });
  const received: Tensor[] = [];
  const client = await ExchangeClient.connect({
    address: server.address,
    workerId: 'c',
    producerId: 'p',
    deploymentId: 'plan',
    onTensor: (tensor) => void received.push(tensor),
    onLost: () => undefined,
  });
  try {
    // 40 MB: several chunks; and one of a single byte.
    const large = new Float32Array(10_000_000).map((_, i) => i);
    const small = Uint8Array.of(7);
    const meta = { jobId: 'j', attempt: 1, name: 'h', version: 0, sentUs: 0 };
    void exchange.publish('plan', 'c', { dtype: 'float32', dims: [large.length], data: large }, meta);
    void exchange.publish('plan', 'c', { dtype: 'uint8', dims: [1], data: small }, meta);
    while (received.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    // Slices of a MiB, chunks of eight.
    expect(written.filter((buffer) => buffer === large.buffer)).toHaveLength(
      Math.ceil(large.byteLength / 2 ** 20),
    );
    expect(written).toContain(small.buffer);
    const hash = (data: NodeJS.ArrayBufferView) => createHash('sha256').update(data).digest('hex');
    expect(hash(received[0]?.data as Float32Array)).toBe(hash(large));
    expect(received[1]?.data).toEqual(small);
  } finally {
    client.close();
    await server.close();
  }
});
