import { float32 } from '../../../common/tensor/index.js';
import type { WorkerHandle } from '../../../coordinator/workers/worker-handle.js';
import type { CoordinatorMessage } from '../../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage } from '../../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import type { Conversation } from '../../../worker/conversation/conversation.js';
import { toSamplerMessage, toSamplerState } from '../../../protocol/index.js';
import { smallInputs, SMALL_SCHEDULER } from '../../support/small-predictor.js';
import { conversationOf, handleOf, wires } from '../../support/state-machines.js';
import { toTensorMessage } from '../../../rpc/index.js';
import type { FuzzTarget } from '../target.js';
import { emptyOrder } from '../../support/empty-order.js';

/** Messages that one conversation takes before the next begins: what it was told stays with it. */
const MESSAGES_EACH = 64;
const { sample } = smallInputs();
const state = { nextStep: 3, latents: sample, history: [new Float32Array(4)], foresight: undefined };
const attempt = { jobId: 'j', attempt: 1 };
const SEGMENT = {
  id: 's1',
  component: 1,
  inputs: [{ name: 'sample', dtype: 'float32', dims: [1, 4, 8, 8] }],
  outputs: [{ name: 'middle', dtype: 'float32', dims: [1, 8, 8, 8] }],
  sampleInput: 'sample',
  boundaryReads: ['up'],
  boundaryWrites: ['middle'],
};

const FROM_WORKER: readonly WorkerMessage[] = [
  { pong: { id: 1, sentMs: 1, clockMs: 2 } },
  { deployed: { deploymentId: 'd', segmentMs: { s1: 1 } } },
  { deployProgress: { deploymentId: 'd', receivedBytes: 5, sessionsOpen: 1 } },
  { needArtifacts: { deploymentId: 'd', sizeBytes: 7 } },
  { linkDown: { deploymentId: 'd', producerId: 'w2', message: 'gone' } },
  { jobStarted: attempt },
  { roundDone: { ...attempt, lastStep: 2, state: toSamplerState(state) } },
  { noisePrediction: { ...attempt, step: 1, tensor: toTensorMessage(sample) } },
  { stateReport: { id: 1, moves: 3, missing: ['up'], round: 2 } },
  { jobReport: { ...attempt } },
  { linksProbed: { id: 1, links: [{ producerId: 'w2', roundTripMs: 1, bytesPerSecond: 1e9 }] } },
  { fault: { ...attempt, error: { code: 'worker_failed', message: 'it failed' } } } as WorkerMessage,
  { leaving: { reason: 'it was told to' } },
];

const FROM_COORDINATOR: readonly CoordinatorMessage[] = [
  { ping: { id: 1, sentMs: 2 } },
  {
    deploy: {
      deploymentId: 'd',
      segments: [SEGMENT],
      routes: [{ name: 'middle', to: [{ workerId: 'w2' }] }],
      optimizationLevel: 'extended',
      generation: 1,
    },
  },
  {
    startJob: {
      ...attempt,
      deploymentId: 'd',
      timesteps: [900, 500, 1],
      guidance: { scale: 7.5, lastScale: 9, rescale: 0.5, keepsNorm: true },
      conditioning: { c: toTensorMessage(float32(new Float32Array(2), [2])) },
      generation: 2,
      sampler: toSamplerMessage({
        ...state,
        schedulerConfig: SMALL_SCHEDULER,
        name: 'ddim',
        numInferenceSteps: 3,
        options: '',
        noise: { seed: 7n, drawnBefore: [] },
        kept: undefined,
        lookAhead: undefined,
      }),
    },
  },
  { issueRound: { ...attempt, round: 1, report: 'progress', tasks: [{ segment: 's1', readVersions: [0] }] } },
  { latents: { ...attempt, name: 'asyncdiff:latents', version: 1, tensor: toTensorMessage(sample) } },
  { askState: { id: 1 } },
  { endJob: { ...attempt, discard: true } },
  { undeploy: { deploymentId: 'd' } },
];

/** The state machines of both ends, told what the other end would say, and what it would not. */
export function conversationTargets(): FuzzTarget[] {
  const wire = wires();
  let handle: WorkerHandle;
  let conversation: Conversation;
  let [heard, told] = [0, 0];
  return [
    {
      name: 'from a worker',
      share: 2,
      valid: FROM_WORKER.map((message) => wire.workerBytes(message)),
      read: (input) => {
        if (heard++ % MESSAGES_EACH === 0) handle = begunHandle();
        const message = attemptTo(() => wire.readWorker(Buffer.from(input)));
        if (message !== undefined) handle.receive(message);
      },
    },
    {
      name: 'from a coordinator',
      share: 2,
      valid: FROM_COORDINATOR.map((message) => wire.coordinatorBytes(message)),
      read: async (input) => {
        if (told++ % MESSAGES_EACH === 0) {
          await conversation?.close();
          conversation = await begunConversation();
        }
        const message = attemptTo(() => wire.readCoordinator(Buffer.from(input)));
        // What dials others, or waits for seconds, is no reader.
        if (message === undefined || message.probeLinks || message.deploy?.producers.length) return;
        conversation.receive(message);
      },
    },
  ];
}

function attemptTo<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** In the middle of an attempt, with everything asked that can be. */
function begunHandle(): WorkerHandle {
  const handle = handleOf('w1', () => undefined);
  const aids = {
    onNeed: () => undefined,
    onLinkDown: () => undefined,
  };
  handle.deploy(emptyOrder('d'), aids).catch(() => undefined);
  const wire = wires();
  handle.receive(wire.fromWorker({ deployed: { deploymentId: 'd', segmentMs: {} } }));
  handle.ask().catch(() => undefined);
  return handle;
}

async function begunConversation(): Promise<Conversation> {
  const wire = wires();
  const { conversation } = conversationOf('w1', () => undefined);
  for (const message of FROM_COORDINATOR.slice(1, 2)) conversation.receive(wire.fromCoordinator(message));
  await new Promise((resolve) => setImmediate(resolve));
  const [, , start] = FROM_COORDINATOR;
  conversation.receive(wire.fromCoordinator(start as CoordinatorMessage));
  return conversation;
}
