import type { WorkerHandle } from '../../coordinator/workers/worker-handle.js';
import type { Conversation } from '../../worker/conversation/conversation.js';
import type { Choices } from './choices.js';
import { conversationOf, emptyMachine, handleOf, type Machine, wires } from './state-machines.js';

/** What can happen to a message on its way. */
export const FATES = ['arrives', 'is lost', 'comes twice', 'comes when all else is over'] as const;
/** Which of the messages under way comes next. */
export const ORDERS = ['oldest first', 'newest first', 'first worker first', 'last worker first'] as const;
export type Order = (typeof ORDERS)[number];

interface UnderWay {
  readonly worker: number;
  /** Of the stream that it is in: one that has ended delivers nothing. */
  readonly stream: number;
  readonly deliver: () => void;
}

/** A coordinator's handles of several workers and their conversations, with a net between them that does to messages what the choices say. */
export class MessageNet {
  readonly machines: readonly Machine[];
  readonly names: readonly string[];
  readonly #handles: WorkerHandle[] = [];
  readonly #conversations: Conversation[] = [];
  readonly #streams: number[];
  readonly #wires = wires();
  #flight: UnderWay[] = [];
  #late: UnderWay[] = [];
  /** Undefined: everything arrives. */
  choices: Choices | undefined;
  order: Order = 'oldest first';

  constructor(workers: number) {
    this.names = Array.from({ length: workers }, (_, at) => `w${at + 1}`);
    this.machines = this.names.map(() => emptyMachine());
    this.#streams = this.names.map(() => 0);
    this.names.forEach((_, at) => this.#join(at));
  }

  get handles(): readonly WorkerHandle[] {
    return this.#handles;
  }

  get conversations(): readonly Conversation[] {
    return this.#conversations;
  }

  /** Workers that were lost register again, as new ones on the same machine. */
  async rejoin(): Promise<void> {
    for (const [at, handle] of this.#handles.entries()) {
      if (handle.state !== 'lost') continue;
      await this.#conversations[at]?.close();
      this.#join(at);
    }
  }

  /** Delivers what is under way, and what that makes, until nothing moves. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await Promise.resolve();
      const next = this.#takeNext();
      if (next === undefined) continue;
      quiet = 0;
      if (next.stream === this.#streams[next.worker]) next.deliver();
    }
  }

  /** What was held back comes now. */
  async release(): Promise<void> {
    this.#flight.push(...this.#late.splice(0));
    await this.settle();
  }

  #join(at: number): void {
    const name = this.names[at] as string;
    this.#streams[at] = (this.#streams[at] as number) + 1;
    const handle = handleOf(
      name,
      (message) => {
        for (const each of message.batch?.messages ?? [message])
          this.#post(at, () => conversation.receive(this.#wires.fromCoordinator(each)));
      },
      // The worker sees its stream end.
      () => void conversation.close(),
    );
    const machine = this.machines[at] as Machine;
    const { conversation } = conversationOf(
      name,
      (message) => this.#post(at, () => handle.receive(this.#wires.fromWorker(message))),
      machine,
    );
    this.#handles[at] = handle;
    this.#conversations[at] = conversation;
  }

  #takeNext(): UnderWay | undefined {
    if (this.order === 'oldest first') return this.#flight.shift();
    if (this.order === 'newest first') return this.#flight.pop();
    const workers = this.#flight.map(({ worker }) => worker);
    const wanted = this.order === 'first worker first' ? Math.min(...workers) : Math.max(...workers);
    const at = workers.indexOf(wanted);
    return at < 0 ? undefined : this.#flight.splice(at, 1)[0];
  }

  #post(worker: number, deliver: () => void): void {
    const message = { worker, stream: this.#streams[worker] as number, deliver };
    const fate = this.choices === undefined ? 'arrives' : FATES[this.choices.next(FATES.length)];
    if (fate === 'is lost') return;
    if (fate === 'comes when all else is over') this.#late.push(message);
    else this.#flight.push(message);
    if (fate === 'comes twice') this.#late.push(message);
  }
}
