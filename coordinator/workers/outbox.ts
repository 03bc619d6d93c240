import type { SendToWorker } from '../../rpc/streams/index.js';

type Message = Parameters<SendToWorker>[0];

/** Messages of one turn of the event loop leave as one: each costs both sides some hundred microseconds. */
export class Outbox {
  readonly #send: SendToWorker;
  #messages: Message[] = [];

  constructor(send: SendToWorker) {
    this.#send = send;
  }

  send(message: Message): void {
    if (this.#messages.length === 0) queueMicrotask(() => this.#flush());
    this.#messages.push(message);
  }

  #flush(): void {
    const messages = this.#messages;
    this.#messages = [];
    // Frames keep their own messages: short ones let pings between them.
    const hasFrames = messages.some(({ partTensor }) => partTensor !== undefined);
    if (hasFrames || messages.length === 1) for (const message of messages) this.#send(message);
    else this.#send({ batch: { messages } });
  }
}
