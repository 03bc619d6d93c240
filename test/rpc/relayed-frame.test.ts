import { expect, test } from 'vitest';
import type { Tensor } from '../../common/tensor/index.js';
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage, WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { coordinatorService, encodeFrames, openCoordinatorChannel } from '../../rpc/index.js';
import { ControlStream, FrameAssembler } from '../../rpc/streams/index.js';
import { bidiHandler, startServer } from '../../rpc/server/index.js';
import { expectSameBits } from '../support/bits.js';

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
