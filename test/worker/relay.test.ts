import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import type { Deployment } from '../../coordinator/deployment/index.js';
import { Relay, RelayMeter } from '../../coordinator/deployment/relay.js';
import type { WorkerHandle } from '../../coordinator/workers/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { PartRelay } from '../../worker/conversation/part-relay.js';
import { wires } from '../support/state-machines.js';

const JOB = { jobId: 'j', attempt: 1 };
const convert = wires();

/** A stream that takes messages and gives them when it is told to, in order. */
class Stream {
  readonly #queue: { readonly bytes: number; readonly deliver: () => void }[] = [];
  #waiters: (() => void)[] = [];

  send(bytes: number, deliver: () => void): void {
    this.#queue.push({ bytes, deliver });
  }

  async drained(atMostBytes: number): Promise<void> {
    while (this.#queue.reduce((sum, { bytes }) => sum + bytes, 0) > atMostBytes)
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  deliver(): void {
    this.#queue.shift()?.deliver();
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

interface Sent {
  readonly from: number;
  readonly to: readonly number[];
  readonly bytes: number;
  readonly dueMs: number;
}

/** The other worker of its host. */
const neighbour = (at: number): number => at ^ 1;

/** Workers, two on a host, with the coordinator between all of them. What comes from another host is handed on to the neighbour. */
class Star {
  readonly meter = new RelayMeter();
  readonly arrived = new Map<string, number>();
  readonly streams: Stream[] = [];
  readonly #parts: PartRelay[];
  readonly #relay: Relay;
  mostHeld = 0;

  constructor(workers: number, windowBytes: number, handsOn: boolean) {
    const ids = Array.from({ length: workers }, (_, at) => `w${at}`);
    const [up, down] = [ids.map(() => new Stream()), ids.map(() => new Stream())];
    this.streams.push(...up, ...down);
    const handles = ids.map((id, at) => {
      const toWorker = (message: CoordinatorMessage, bytes = 0): void =>
        down[at]?.send(bytes, () => this.#atWorker(at, message));
      return {
        id,
        name: id,
        send: toWorker,
        sendFrame: (relayedFrame: CoordinatorMessage['relayedFrame']) =>
          toWorker({ relayedFrame: relayedFrame ?? null }, relayedFrame?.frame?.data?.length ?? 0),
        drained: (bytes: number) => down[at]?.drained(bytes),
      } as unknown as WorkerHandle;
    });
    this.#relay = new Relay(
      {
        relayMeter: this.meter,
        links: { relayWindowBytes: windowBytes, isRelayed: () => true },
        worker: (id: string) => handles[ids.indexOf(id)],
      } as unknown as Deployment,
      JOB,
    );
    this.#parts = ids.map((_, at) => {
      const part: PartRelay = new PartRelay(
        { relayedTo: new Set(ids), relayWindowBytes: windowBytes },
        {
          send: (message: WorkerMessage, bytes = 0) =>
            up[at]?.send(bytes, () => this.#atCoordinator(handles[at] as WorkerHandle, message)),
          drained: (bytes) => up[at]?.drained(bytes) ?? Promise.resolve(),
          maxBytesOf: () => 2 ** 20,
          onTensor: async (tensor, meta, producerId) => {
            const key = `${meta.version} at ${at}`;
            this.arrived.set(key, (this.arrived.get(key) ?? 0) + 1);
            if (handsOn && meta.name === 't' && producerId !== `w${neighbour(at)}`)
              await part.push(tensor, { ...meta, name: 'handed on' }, [`w${neighbour(at)}`], 0);
          },
        },
      );
      part.begin(JOB);
      return part;
    });
  }

  push({ from, to, bytes, dueMs }: Sent, version: number): void {
    const tensor: Tensor = { dtype: 'uint8', dims: [bytes], data: new Uint8Array(bytes) };
    const consumers = to.map((at) => `w${at}`);
    void this.#parts[from]?.push(tensor, { ...JOB, name: 't', version, sentUs: 0 }, consumers, dueMs);
  }

  /** Delivers message by message from the stream that `choose` names, until nothing moves. */
  async settle(choose: (of: number) => number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const ready = this.streams.filter(({ isEmpty }) => !isEmpty);
      if (ready.length === 0) return;
      ready[choose(ready.length) % ready.length]?.deliver();
      this.mostHeld = Math.max(this.mostHeld, this.meter.heldBytes);
    }
  }

  close(): void {
    this.#relay.close();
  }

  #atWorker(at: number, message: CoordinatorMessage): void {
    const { relayedFrame, relayCredit } = convert.fromCoordinator(message);
    if (relayedFrame?.frame) void this.#parts[at]?.take(relayedFrame.frame, relayedFrame.fromWorkerId);
    if (relayCredit) this.#parts[at]?.credit(relayCredit.workerId, relayCredit.bytes);
  }

  #atCoordinator(from: WorkerHandle, message: WorkerMessage): void {
    const { relayedFrame, relayCredit } = convert.fromWorker(message);
    if (relayedFrame) this.#relay.take(from, relayedFrame);
    if (relayCredit) this.#relay.credit(from, relayCredit);
  }
}

const WORKERS = 4;
const worker = fc.nat({ max: WORKERS - 1 });
const sent: fc.Arbitrary<Sent> = fc
  .record({
    from: worker,
    to: fc.uniqueArray(worker, { minLength: 1 }),
    bytes: fc.oneof(fc.nat({ max: 3_000 }), fc.constant(600_000)),
    dueMs: fc.nat({ max: 5 }),
  })
  .filter(({ from, to }) => !to.includes(from));

it('whatever the order of messages and the window, every relayed tensor arrives once and little is held', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sent, { maxLength: 12 }),
      fc.constantFrom(1, 2_000, 300_000, 4_000_000),
      fc.boolean(),
      fc.infiniteStream(fc.nat({ max: 7 })),
      async (tensors, windowBytes, handsOn, choices) => {
        const star = new Star(WORKERS, windowBytes, handsOn);
        for (const [version, each] of tensors.entries()) star.push(each, version);
        await star.settle(() => choices.next().value as number);
        const expected = new Map<string, number>();
        const count = (version: number, at: number): unknown =>
          expected.set(`${version} at ${at}`, (expected.get(`${version} at ${at}`) ?? 0) + 1);
        for (const [version, { from, to }] of tensors.entries())
          for (const at of to) {
            count(version, at);
            if (handsOn && from !== neighbour(at)) count(version, neighbour(at));
          }
        expect(star.arrived).toEqual(expected);
        const frameBytes = 256 << 10;
        expect(star.mostHeld).toBeLessThanOrEqual(
          WORKERS * (WORKERS - 1) * (Math.max(windowBytes, frameBytes) + windowBytes / 16),
        );
        star.close();
        expect(star.meter.heldBytes).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});
