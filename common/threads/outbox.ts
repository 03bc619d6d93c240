/** Where messages leave: a thread's port, or the handle of a thread. */
interface MessageTarget {
  postMessage(messages: readonly unknown[], transfer: readonly ArrayBuffer[]): void;
}

/** What is sent in one turn of the event loop leaves as one message: each wakes the other thread. */
export class ThreadOutbox<M> {
  readonly #target: MessageTarget;
  #messages: M[] = [];
  #transfer: ArrayBuffer[] = [];

  constructor(target: MessageTarget) {
    this.#target = target;
  }

  /** @param transfer memory that becomes the other thread's */
  send(message: M, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#messages.length === 0) queueMicrotask(() => this.flush());
    this.#messages.push(message);
    this.#transfer.push(...transfer);
  }

  flush(): void {
    const [messages, transfer] = [this.#messages, this.#transfer];
    if (messages.length === 0) return;
    this.#messages = [];
    this.#transfer = [];
    this.#target.postMessage(messages, transfer);
  }
}
