import { AsyncDiffError } from '../common/errors/index.js';
import { Deadline } from '../common/pending/index.js';
import { DEFAULT_MAX_MESSAGE_BYTES, PROTOCOL_VERSION } from '../rpc/index.js';
import type { CoordinatorMessage__Output } from '../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { Hello } from '../rpc/gen/asyncdiff/v1/Hello.js';
import type { Welcome__Output } from '../rpc/gen/asyncdiff/v1/Welcome.js';
import type { CoordinatorStream } from '../rpc/streams/index.js';
import type { Conversation, ConversationOptions } from './conversation/index.js';
import type { WorkerLog } from './log.js';

/** What a coordinator said when it took this worker. */
export interface Joined
  extends Pick<ConversationOptions, 'workerId' | 'peerSecret' | 'send' | 'drained' | 'maxMessageBytes'> {}

export interface AttachmentOptions {
  readonly hello: Hello;
  readonly log: WorkerLog;
  /** The coordinator has taken this worker: what is said from now on is for this conversation. */
  readonly onJoined: (joined: Joined) => Conversation;
  readonly onLeft: () => void;
}

/** How a stream to a coordinator ended. */
export interface AttachmentEnd {
  readonly error: AsyncDiffError | undefined;
  /** Whether the coordinator had taken this worker. */
  readonly wasJoined: boolean;
}

/** This worker's tie to its coordinator, of which it has one at a time: from Hello until the stream ends. */
export class Attachment {
  readonly #options: AttachmentOptions;
  #control: CoordinatorStream | undefined;
  #conversation: Conversation | undefined;
  /** Time that the coordinator may be silent, milliseconds. */
  #patience: Deadline | undefined;
  #workerId = '';
  #peerSecret: Uint8Array | undefined;

  constructor(options: AttachmentOptions) {
    this.#options = options;
  }

  /** This worker's name at the coordinator that took it last. */
  get workerId(): string {
    return this.#workerId;
  }

  /** Secret by which the workers of the coordinator know each other. */
  get peerSecret(): Uint8Array | undefined {
    return this.#peerSecret;
  }

  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  /** Whether there is a coordinator, or one that may become it. */
  get isTaken(): boolean {
    return this.#control !== undefined;
  }

  /** Talks to a coordinator until the stream ends. */
  talk(stream: CoordinatorStream): Promise<AttachmentEnd> {
    this.#control = stream;
    return new Promise((resolve) => {
      stream.listen({
        onMessage: (message) => {
          this.#patience?.extend();
          this.#receive(stream, message);
        },
        onClosed: (error) => {
          this.#patience?.clear();
          const wasJoined = this.#conversation !== undefined;
          void this.#left().then(() => resolve({ error, wasJoined }));
        },
      });
      stream.send({ hello: this.#options.hello });
    });
  }

  /** Tells the coordinator, if there is one, that this worker goes. */
  async leave(reason: string): Promise<void> {
    this.#control?.send({ leaving: { reason } });
    this.#control?.end();
    await this.#conversation?.close();
  }

  #receive(stream: CoordinatorStream, message: CoordinatorMessage__Output): void {
    try {
      if (message.batch) {
        for (const each of message.batch.messages) this.#receive(stream, each);
      } else if (message.welcome) this.#welcomed(stream, message.welcome);
      else this.#conversation?.receive(message);
    } catch (error) {
      stream.fail(error);
    }
  }

  #welcomed(
    stream: CoordinatorStream,
    { workerId, protocolVersion, silenceMs, peerSecret, maxMessageBytes }: Welcome__Output,
  ): void {
    if (protocolVersion !== PROTOCOL_VERSION) {
      throw new AsyncDiffError(
        'protocol_mismatch',
        `the coordinator speaks protocol ${protocolVersion}, this worker ${PROTOCOL_VERSION}`,
      );
    }
    this.#workerId = workerId;
    this.#peerSecret = peerSecret;
    this.#options.log.info({ workerId, coordinator: stream.peer }, 'joined');
    // A coordinator that is cut off without a word: this worker looks for it anew.
    this.#patience = new Deadline(silenceMs, () =>
      stream.fail(
        new AsyncDiffError('coordinator_unreachable', `${stream.peer} has said nothing for ${silenceMs} ms`),
      ),
    );
    const own = Number(this.#options.hello.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES);
    this.#conversation = this.#options.onJoined({
      workerId,
      peerSecret,
      maxMessageBytes: Math.min(own, maxMessageBytes === 0 ? own : maxMessageBytes),
      send: (reply, sizeBytes) => stream.send(reply, sizeBytes),
      drained: (atMostBytes) => stream.drained(atMostBytes),
    });
  }

  async #left(): Promise<void> {
    const conversation = this.#conversation;
    this.#conversation = undefined;
    this.#control = undefined;
    this.#peerSecret = undefined;
    this.#options.onLeft();
    await conversation?.close();
  }
}
