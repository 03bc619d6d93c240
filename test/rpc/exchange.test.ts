import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import { startDelayProxy } from '../../scripts/delay-proxy.js';
import { consumer as startConsumer, producer } from '../support/exchange-pair.js';

const MIB = 1024 * 1024;
/** Whether consumers offer shared memory. */
let sharedMemory = false;
const consumer = (address: string, options: Parameters<typeof startConsumer>[1] = {}) =>
  startConsumer(address, { sharedMemory, ...options });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const meta = (version: number) => ({ jobId: 'j', attempt: 1, name: 'h', version, sentUs: 5 });

function ramp(length: number): Tensor {
  return { dtype: 'float32', dims: [1, length], data: Float32Array.from({ length }, (_, i) => i) };
}

function bytesOf({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

describe.each([
  ['over the network', false],
  ['through shared memory', true],
])('%s', (_way, shared) => {
  beforeAll(() => {
    sharedMemory = shared;
  });

  test('tensors published before and after the subscription arrive once, in order, bit for bit', async () => {
    const sent: string[] = [];
    const { exchange, running } = await producer({
      onSent: ({ name, version, bytes, peer }) => sent.push(`${name}@${version} ${bytes} ${peer}`),
    });
    const tensors = [ramp(1), ramp(1000), ramp(3 * MIB), ramp(100_000), ramp(0)];
    const early = tensors.slice(0, 2).map((tensor, i) => exchange.publish('plan', 'c', tensor, meta(i)));
    const { arrivals, client } = await consumer(running.address);
    const late = tensors.slice(2).map((tensor, i) => exchange.publish('plan', 'c', tensor, meta(i + 2)));
    expect(await Promise.all([...early, ...late])).toEqual(tensors.map(() => true));
    await until(() => arrivals.length === tensors.length);
    expect(arrivals.map(({ meta }) => meta.version)).toEqual([0, 1, 2, 3, 4]);
    for (const [i, { tensor }] of arrivals.entries()) {
      expect(tensor.dims).toEqual(tensors[i]?.dims);
      expect(Buffer.compare(bytesOf(tensor), bytesOf(tensors[i] as Tensor))).toBe(0);
    }
    const total = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(exchange.sentBytes('plan').get('c')).toBe(total);
    expect(client.receivedBytes).toBe(total);
    expect(sent[2]).toBe(`h@2 ${12 * MIB} c`);
  });

  test('bytes in flight never pass the cap, and stop at it while the consumer holds its credit back', async () => {
    const cap = 4 * MIB;
    const { exchange, running } = await producer({ maxInFlightBytes: cap });
    const release: (() => void)[] = [];
    const { arrivals } = await consumer(running.address, {
      onTensor: () => new Promise<void>((resolve) => release.push(resolve)),
    });
    const count = 12;
    const published = Array.from({ length: count }, (_, i) =>
      exchange.publish('plan', 'c', ramp(MIB / 4), meta(i)),
    );
    await until(() => release.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(release.length).toBe(4);
    expect(exchange.channel('plan', 'c')?.sentBytes).toBe(cap);
    for (let taken = 0; taken < count; taken += 1) {
      await until(() => release.length > taken);
      release[taken]?.();
    }
    await Promise.all(published);
    expect(exchange.channel('plan', 'c')?.peakInFlightBytes).toBe(cap);
    expect(arrivals).toEqual([]);
  });

  test('what is not worth a credit yet holds nothing up', async () => {
    // A sixteenth of the cap is worth a credit: the small tensor gets none, and the other fills what is left.
    const { exchange, running } = await producer({ maxInFlightBytes: MIB });
    const { arrivals } = await consumer(running.address);
    const tensors = [ramp(1000), ramp((MIB - MIB / 16) / 4), ramp(1000), ramp((MIB - MIB / 16) / 4)];
    const sent = tensors.map((tensor, i) => exchange.publish('plan', 'c', tensor, meta(i)));
    expect(await Promise.all(sent)).toEqual([true, true, true, true]);
    await until(() => arrivals.length === 4);
    expect(exchange.channel('plan', 'c')?.peakInFlightBytes).toBeLessThanOrEqual(MIB);
  });

  test('a tensor far above the cap passes in chunks', async () => {
    const { exchange, running } = await producer({ maxInFlightBytes: MIB });
    const { arrivals } = await consumer(running.address);
    const tensor = ramp(4 * MIB);
    void exchange.publish('plan', 'c', tensor, meta(0));
    await until(() => arrivals.length === 1);
    expect(Buffer.compare(bytesOf(arrivals[0]?.tensor as Tensor), bytesOf(tensor))).toBe(0);
    expect(exchange.channel('plan', 'c')?.peakInFlightBytes).toBeLessThanOrEqual(MIB);
  });

  test('the wrong producer refuses, and the error names all three', async () => {
    const { running } = await producer();
    await expect(consumer(running.address, { producerId: 'other' })).rejects.toMatchObject({
      code: 'peer_unreachable',
      message: expect.stringMatching(/'c'.*'other'.*127\.0\.0\.1.*'p'/),
      hint: expect.stringContaining('--advertise'),
    });
  });

  test('nobody there is peer_unreachable, an abort is cancelled', async () => {
    const { running } = await producer();
    await running.close();
    await expect(consumer(running.address)).rejects.toMatchObject({
      code: 'peer_unreachable',
      message: expect.stringMatching(/'c'.*'p'.*127\.0\.0\.1/),
    });
    await expect(consumer(running.address, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  test('a producer that goes away is worker_lost, once', async () => {
    const { running } = await producer();
    const { lost } = await consumer(running.address);
    await running.close();
    await until(() => lost.length > 0);
    expect(lost).toMatchObject([{ code: 'worker_lost', message: expect.stringMatching(/'c'.*'p'/) }]);
  });

  test('a consumer whose connection breaks is reported; one that closes is not; both can come back', async () => {
    const gone: string[] = [];
    const { exchange, running } = await producer({
      onConsumerLost: (deploymentId, consumerId, error) =>
        gone.push(`${deploymentId} ${consumerId} ${error.code}`),
    });
    const first = await consumer(running.address);
    await until(() => exchange.channel('plan', 'c')?.attached === true);
    first.client.close();
    await until(() => exchange.channel('plan', 'c') === undefined);
    expect(gone).toEqual([]);

    const proxy = await startDelayProxy({ to: running.address, delayMs: 0 });
    onTestFinished(() => proxy.close());
    const second = await consumer(proxy.address);
    proxy.hold('down');
    const waiting = exchange.publish('plan', 'c', ramp(8 * MIB), meta(0));
    proxy.cut();
    await until(() => gone.length > 0 && second.lost.length > 0);
    expect(gone).toEqual(['plan c worker_lost']);
    expect(await waiting).toBe(false);

    const third = await consumer(running.address);
    void exchange.publish('plan', 'c', ramp(10), meta(1));
    await until(() => third.arrivals.length === 1);
    expect(third.arrivals[0]?.meta.version).toBe(1);
  });

  test('a consumer that fails ends its stream and hears why', async () => {
    const { exchange, running } = await producer();
    const { lost } = await consumer(running.address, {
      onTensor: () => {
        throw new Error('no room');
      },
    });
    void exchange.publish('plan', 'c', ramp(10), meta(0));
    await until(() => lost.length > 0 && exchange.channel('plan', 'c')?.attached === false);
    expect(lost).toMatchObject([{ code: 'internal', message: expect.stringContaining('no room') }]);
  });

  test('a consumer that subscribes again takes the place of its older stream', async () => {
    const { exchange, running } = await producer({ maxInFlightBytes: MIB });
    const first = await consumer(running.address, { onTensor: () => new Promise<void>(() => undefined) });
    void exchange.publish('plan', 'c', ramp(MIB / 8), meta(0));
    void exchange.publish('plan', 'c', ramp(MIB / 8), meta(1));
    void exchange.publish('plan', 'c', ramp(MIB / 8), meta(2));
    await until(() => exchange.channel('plan', 'c')?.sentBytes === MIB);
    const second = await consumer(running.address);
    await until(() => first.lost.length > 0 && second.arrivals.length === 1);
    expect(first.lost[0]).toMatchObject({ code: 'worker_lost' });
    expect(second.arrivals[0]?.meta.version).toBe(2);
  });

  test('dropping a plan ends its streams and settles what waits', async () => {
    const { exchange, running } = await producer();
    const waiting = exchange.publish('plan', 'nobody', ramp(10), meta(0));
    const { lost } = await consumer(running.address);
    exchange.dropDeployment('plan');
    expect(await waiting).toBe(false);
    await until(() => lost.length > 0);
    expect(lost[0]).toMatchObject({ code: 'worker_lost' });
  });

  test('an urgent tensor overtakes a large one for another consumer', async () => {
    const { exchange, running } = await producer();
    const order: string[] = [];
    for (const workerId of ['a', 'b'])
      await consumer(running.address, { workerId, onTensor: (_tensor, { name }) => void order.push(name) });
    const sent = [
      exchange.publish('plan', 'a', ramp(12 * MIB), { ...meta(1), name: 'large' }, 20),
      exchange.publish('plan', 'b', ramp(1000), { ...meta(1), name: 'urgent' }, 10),
      exchange.publish('plan', 'b', ramp(1000), { ...meta(1), name: 'not urgent' }, 30),
    ];
    expect(await Promise.all(sent)).toEqual([true, true, true]);
    await until(() => order.length === 3);
    expect(order[0]).toBe('urgent');
  });

  test('within one stream too what is due first goes first', async () => {
    const { exchange, running } = await producer();
    for (const [name, dueMs] of [
      ['last', 30],
      ['first', 10],
      ['second', 20],
    ] as const)
      void exchange.publish('plan', 'c', ramp(1000), { ...meta(1), name }, dueMs);
    const { arrivals } = await consumer(running.address);
    await until(() => arrivals.length === 3);
    expect(arrivals.map(({ meta: { name } }) => name)).toEqual(['first', 'second', 'last']);
  });
});
