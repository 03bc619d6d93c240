import { checkDenoise, checkGenerate } from '../../../coordinator/jobs/index.js';
import { checkPlan } from '../../../coordinator/jobs/check-request.js';
import { workerFacts } from '../../../coordinator/workers/worker-facts.js';
import { fromArgumentMessages, fromTensorMessages, parseAddress } from '../../../rpc/index.js';
import { coordinatorService, PROTOCOL_VERSION, toTensorMessages } from '../../../rpc/index.js';
import { encodeFrames } from '../../../rpc/index.js';
import { FrameAssembler } from '../../../rpc/streams/index.js';
import { SMALL_SCHEDULER, smallInputs } from '../../support/small-predictor.js';
import { type FuzzTarget, utf8 } from '../target.js';

const HELLO = {
  protocolVersion: PROTOCOL_VERSION,
  version: '1.0.0',
  name: 'w1',
  device: 'cpu',
  threads: 2,
  address: '127.0.0.1:4000',
  hostId: 'h',
  hostName: 'host',
  machineId: 'm',
  onnxruntimeVersion: '1.30.0',
  nodeVersion: 'v20',
  speed: 1,
  maxMessageBytes: 2 ** 26,
};

/** Messages as the network brings them; what is no message of its type gRPC refuses, and nobody here hears of it. */
function decoded<T>(decode: (bytes: Buffer) => T, input: Uint8Array): T | undefined {
  try {
    return decode(Buffer.from(input));
  } catch {
    return undefined;
  }
}

/** What clients and workers say to a coordinator, and tensors on their way. */
export function messageTargets(): FuzzTarget[] {
  const service = coordinatorService();
  const { Generate, Denoise, Plan, Join } = service;
  const assembler = new FrameAssembler();
  const inputs = toTensorMessages(smallInputs());
  return [
    {
      name: 'generate request',
      share: 3,
      valid: [
        Generate.requestSerialize({
          prompt: 'red apple',
          numInferenceSteps: 20,
          height: 512,
          width: 512,
          seed: 7,
          guidanceScale: 7.5,
          arguments: { clip_skip: { number: 1 }, strength: { number: 0.5 }, prompt_2: { text: 'x' } },
          plan: { components: 2, stride: 2, cuts: ['a'], warmUp: 3 },
          samplerOptions: '{}',
        }),
      ],
      read: (input) => {
        const request = decoded(Generate.requestDeserialize, input);
        if (request === undefined) return;
        checkGenerate(request);
        fromArgumentMessages(request.arguments);
      },
    },
    {
      name: 'denoise request',
      share: 3,
      valid: [
        Denoise.requestSerialize({
          modelSha256: 'a'.repeat(64),
          schedulerConfig: SMALL_SCHEDULER,
          inputs: { s: { dtype: 'float32', dims: [1, 2], data: Buffer.alloc(8) } },
          plan: { components: 2, useWorkers: ['w1'] },
        }),
        Denoise.requestSerialize({ schedulerConfig: SMALL_SCHEDULER, inputs }),
      ],
      read: (input) => {
        const request = decoded(Denoise.requestDeserialize, input);
        if (request === undefined) return;
        checkDenoise(request);
        fromTensorMessages(request.inputs);
      },
    },
    {
      name: 'plan request',
      share: 1,
      valid: [
        Plan.requestSerialize({ inputShapes: { sample: { dims: [1, 4, 8, 8] } }, plan: { components: 3 } }),
      ],
      read: (input) => {
        const request = decoded(Plan.requestDeserialize, input);
        if (request !== undefined) checkPlan(request);
      },
    },
    {
      name: 'hello',
      share: 2,
      valid: [Join.requestSerialize({ hello: HELLO })],
      read: (input) => {
        const hello = decoded(Join.requestDeserialize, input)?.hello;
        if (hello) workerFacts(hello, '127.0.0.1:1');
      },
    },
    frameTarget(assembler),
    {
      name: 'address',
      share: 1,
      valid: [utf8('127.0.0.1:50051'), utf8('[::1]:1'), utf8('host:0')],
      read: (input) => void parseAddress(Buffer.from(input).toString('utf8')),
    },
  ];
}

function frameTarget(assembler: FrameAssembler): FuzzTarget {
  const { Join } = coordinatorService();
  const meta = { jobId: 'j', attempt: 1, name: 'middle', version: 3, sentUs: 1 };
  const { sample } = smallInputs();
  const valid = encodeFrames(meta, sample, { wholeBytes: 64, chunkBytes: 500 }).map((frame) =>
    Join.requestSerialize({ relayedFrame: { toWorkerIds: ['w2'], frame } }),
  );
  let count = 0;
  return {
    name: 'frame',
    share: 3,
    valid,
    read: (input) => {
      count += 1;
      // As with a new peer.
      if (count % 16 === 0) assembler.clear();
      const frame = decoded(Join.requestDeserialize, input)?.relayedFrame?.frame;
      if (frame) assembler.accept(frame);
    },
  };
}
