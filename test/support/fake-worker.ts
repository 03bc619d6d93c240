import { AsyncDiffError } from '../../common/errors/index.js';
import { hostIdentity } from '../../common/host-identity.js';
import { packageVersion } from '../../common/package.js';
import { openCoordinatorChannel, PROTOCOL_VERSION } from '../../rpc/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import type { CoordinatorMessage__Output } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { Hello } from '../../rpc/gen/asyncdiff/v1/Hello.js';
import type { WorkerMessage } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';

/** Answers to what a coordinator sends; what is left out is never answered. */
export type Answers = (message: CoordinatorMessage__Output) => WorkerMessage | 'leave' | undefined;

/** What a worker answers that does everything at once and computes nothing, for a mistake to be put in its place. */
export const obliging: Answers = (message) => {
  if (message.deploy)
    return {
      deployed: {
        deploymentId: message.deploy.deploymentId,
        segmentMs: Object.fromEntries(message.deploy.segments.map(({ id }) => [id, 1])),
      },
    };
  if (message.startJob)
    return { jobStarted: { jobId: message.startJob.jobId, attempt: message.startJob.attempt } };
  if (message.endJob) return { jobReport: { jobId: message.endJob.jobId, attempt: message.endJob.attempt } };
  if (message.askState) return { stateReport: { id: message.askState.id } };
  if (message.probeLinks) return { linksProbed: { id: message.probeLinks.id } };
  return undefined;
};

/** A worker that registers and answers pings, and beyond that only what it is told to. */
export class FakeWorker {
  readonly #channel: ReturnType<typeof openCoordinatorChannel>;
  readonly #stream: ControlStream<WorkerMessage, CoordinatorMessage__Output>;
  readonly heard: CoordinatorMessage__Output[] = [];
  /** Resolves when the coordinator has ended the conversation. */
  readonly ended: Promise<void>;

  constructor(coordinator: string, name: string, answers: Answers, hello: Hello = {}) {
    this.#channel = openCoordinatorChannel(coordinator);
    const stream = (this.#stream = new ControlStream<WorkerMessage, CoordinatorMessage__Output>(
      this.#channel.join(),
    ));
    const take = (message: CoordinatorMessage__Output): void => {
      for (const each of message.batch?.messages ?? []) take(each);
      if (message.batch) return;
      this.heard.push(message);
      if (message.ping)
        stream.send({ pong: { id: message.ping.id, sentMs: message.ping.sentMs, clockMs: 0 } });
      const answer = answers(message);
      if (answer === 'leave') this.close();
      else if (answer !== undefined) stream.send(answer);
    };
    this.ended = new Promise((resolve) => stream.listen({ onMessage: take, onClosed: () => resolve() }));
    const { hostId, machineId, hostName } = hostIdentity();
    stream.send({
      hello: {
        protocolVersion: PROTOCOL_VERSION,
        version: packageVersion,
        name,
        device: 'cpu',
        threads: 1,
        // Nobody reaches it: its tensors go through the coordinator.
        address: '',
        hostId,
        machineId,
        hostName,
        maxMessageBytes: 2 ** 26,
        ...hello,
      },
    });
  }

  close(): void {
    this.#stream.fail(new AsyncDiffError('cancelled', 'it leaves'));
    this.#channel.close();
  }
}
