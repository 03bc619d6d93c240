import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import { GRPC_PREFIX_BYTES } from '../../rpc/frame.js';
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { RelayedFrame } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { WorkerMessage, WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { coordinatorService, encodeFrames, openCoordinatorChannel, workerService } from '../../rpc/index.js';
import { ControlStream, FrameAssembler } from '../../rpc/streams/index.js';
import { plainSerializers } from '../../rpc/service.js';
import { bidiHandler, startServer } from '../../rpc/server/index.js';
import { expectSameBits } from '../support/bits.js';

/** What grpc-js does with a serialised message before it writes it. */
function layOut(message: Buffer): Buffer {
  const output = Buffer.alloc(GRPC_PREFIX_BYTES + message.byteLength);
  expect(message.length).toBe(message.byteLength);
  message.copy(output, GRPC_PREFIX_BYTES);
  return output;
}

const frames = fc
  .record({
    jobId: fc.string({ maxLength: 20 }),
    name: fc.string({ maxLength: 200 }),
    version: fc.integer({ min: -5, max: 1000 }),
    length: fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 5000 })),
  })
  .map(({ jobId, name, version, length }) => {
    const data = Float32Array.from({ length }, (_, i) => i);
    const tensor: Tensor = { dtype: 'float32', dims: [length], data };
    return {
      tensor,
      frame: encodeFrames({ jobId, attempt: 1, name, version, sentUs: 9 }, tensor)[0] as object,
    };
  });

test('frames are the bytes that proto-loader makes', () => {
  fc.assert(
    fc.property(frames, ({ frame }) => {
      const ours = layOut(workerService().Exchange.responseSerialize(frame)).subarray(GRPC_PREFIX_BYTES);
      expect(ours.equals(plainSerializers().frame(frame))).toBe(true);
    }),
  );
});

test('relayed frames read back the same, aligned for all but the odd length', () => {
  let aligned = 0;
  let all = 0;
  fc.assert(
    fc.property(frames, fc.array(fc.string(), { maxLength: 4 }), ({ frame, tensor }, toWorkerIds) => {
      const relayedFrame: RelayedFrame = { toWorkerIds, frame };
      for (const { requestSerialize, requestDeserialize } of [
        coordinatorService().Join,
        workerService().Attach,
      ]) {
        const framed = layOut(requestSerialize({ relayedFrame }));
        const message = requestDeserialize(framed.subarray(GRPC_PREFIX_BYTES));
        const back = message.relayedFrame;
        expect(back?.toWorkerIds).toEqual(toWorkerIds);
        const received = back?.frame && new FrameAssembler().accept(back.frame);
        expectSameBits(received?.tensor as Tensor, tensor, 'relayed');
        if (tensor.data.length === 0) continue;
        all += 1;
        if (((back?.frame?.data.byteOffset ?? 1) & 15) === 0) aligned += 1;
      }
    }),
  );
  expect(aligned / all).toBeGreaterThan(0.9);
});

test('other messages of the control stream are the bytes that proto-loader makes', () => {
  const message = { pong: { id: 3, sentMs: 1, clockMs: 2 } };
  expect(coordinatorService().Join.requestSerialize(message)).toEqual(
    plainSerializers().workerMessage(message),
  );
  const other = { ping: { id: 3, sentMs: 1 } };
  expect(coordinatorService().Join.responseSerialize(other)).toEqual(
    plainSerializers().coordinatorMessage(other),
  );
});

test('a relayed tensor goes to a real server and back', async () => {
  const echo = bidiHandler<WorkerMessage__Output, CoordinatorMessage>((stream) => {
    stream.listen({
      onMessage: ({ relayedFrame }) => stream.send({ relayedFrame: relayedFrame ?? null }),
      onClosed: () => stream.end(),
    });
  });
  const server = await startServer({
    listen: '127.0.0.1:0',
    services: [{ definition: { Join: coordinatorService().Join }, handlers: { Join: echo } }],
  });
  const client = openCoordinatorChannel(server.address);
  try {
    const stream = new ControlStream<WorkerMessage, CoordinatorMessage__Output>(client.join());
    const data = Float32Array.from({ length: 500_000 }, (_, i) => i);
    const meta = { jobId: 'j', attempt: 1, name: 'h', version: 2, sentUs: 1 };
    const tensor: Tensor = { dtype: 'float32', dims: [500_000], data };
    const [frame] = encodeFrames(meta, tensor);
    const back = new Promise<CoordinatorMessage__Output>((resolve, reject) => {
      stream.listen({ onMessage: resolve, onClosed: (error) => reject(error) });
    });
    stream.send({ relayedFrame: { toWorkerIds: ['b'], frame: frame ?? null } }, data.byteLength);
    const { relayedFrame } = await back;
    const received = relayedFrame?.frame && new FrameAssembler().accept(relayedFrame.frame);
    expectSameBits(received?.tensor as Tensor, tensor, 'through a server');
    expect(received?.meta).toMatchObject(meta);
    stream.end();
  } finally {
    client.close();
    await server.close();
  }
});
