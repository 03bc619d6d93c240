import { WorkerHandle } from '../../coordinator/workers/worker-handle.js';
import type { WorkerFacts } from '../../coordinator/workers/worker-facts.js';
import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage, WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { coordinatorService } from '../../rpc/index.js';
import { ArtifactCache } from '../../worker/artifacts/index.js';
import { Conversation, type ConversationOptions } from '../../worker/conversation/conversation.js';
import { DeploymentSecrets } from '../../worker/exchange/index.js';

/** The two ends of a conversation without the network, ONNX Runtime and files: their state machines. */

export function plainFacts(name: string): WorkerFacts {
  return {
    name,
    device: 'cpu',
    threads: 1,
    address: '',
    hostId: 'h',
    hostName: 'h',
    machineId: 'm',
    version: '1',
    onnxruntimeVersion: '1',
    nodeVersion: '1',
    speed: 1,
    memoryBytes: undefined,
    maxMessageBytes: 1000,
    declared: undefined,
  };
}

/** Messages as the other side reads them: with every default in its place. */
export function wires() {
  const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
    coordinatorService().Join;
  return {
    fromWorker: (message: WorkerMessage): WorkerMessage__Output =>
      requestDeserialize(laidOut(requestSerialize(message))),
    fromCoordinator: (message: CoordinatorMessage): CoordinatorMessage__Output =>
      responseDeserialize(laidOut(responseSerialize(message))),
    workerBytes: requestSerialize,
    readWorker: requestDeserialize,
    coordinatorBytes: responseSerialize,
    readCoordinator: responseDeserialize,
  };
}

/** What grpc-js makes of a serialised message: those with a tensor are laid out when they are written. */
function laidOut(message: Buffer): Buffer {
  const bytes = Buffer.alloc(message.byteLength);
  message.copy(bytes);
  return bytes;
}

export function handleOf(
  name: string,
  send: (message: CoordinatorMessage) => void,
  close: () => void = () => undefined,
): WorkerHandle {
  return new WorkerHandle(name, name, plainFacts(name), { send, close, drained: async () => undefined });
}

/** What a worker's machine has loaded, the attempts that it has begun, and who hears of the rounds that it runs. */
export interface Machine {
  readonly loaded: Set<string>;
  readonly started: string[];
  onRound?:
    | ((round: { readonly jobId: string; readonly attempt: number; readonly lastStep: number }) => void)
    | undefined;
}

export function emptyMachine(): Machine {
  return { loaded: new Set(), started: [] };
}

/** A worker's end, on a machine that does at once what it is told. */
export function conversationOf(
  name: string,
  send: (message: WorkerMessage) => void,
  machine: Machine = emptyMachine(),
): { conversation: Conversation; machine: Machine } {
  const inference: ConversationOptions['inference'] = {
    load: async ({ deploymentId }) => {
      machine.loaded.add(deploymentId);
      return { s: 1 };
    },
    unload: async (deploymentId) => {
      machine.loaded.delete(deploymentId);
    },
    start: ({ jobId, attempt }) => void machine.started.push(`${jobId}/${attempt}`),
    end: async () => ({
      computeMs: 1,
      waitMs: 0,
      segmentMs: {},
      spans: [],
      sentBytes: {},
      receivedBytes: {},
    }),
    state: async () => ({ missing: [], round: 0 }),
    progress: { moves: 0, stillMs: 0, processorMs: 0, isRunning: false },
    tensor: () => undefined,
    framesFrom: () => undefined,
    round: ({ jobId, attempt, round }) => machine.onRound?.({ jobId, attempt, lastStep: round.lastStep }),
  };
  const conversation = new Conversation({
    workerId: name,
    inference,
    exchange: { publish: async () => true, dropDeployment: () => undefined },
    cache: new ArtifactCache('/nowhere'),
    supply: () => {
      throw new Error('a declared worker fetches nothing');
    },
    partThread: undefined,
    declared: true,
    sharedMemory: false,
    link: {},
    secrets: new DeploymentSecrets(),
    peerSecret: new Uint8Array(32),
    maxMessageBytes: Number.POSITIVE_INFINITY,
    send,
    drained: async () => undefined,
    onReceived: () => undefined,
    onJobEnded: () => undefined,
    log: { warn: () => undefined },
  });
  return { conversation, machine };
}
