import { Worker } from 'node:worker_threads';
import { AsyncDiffError, type ErrorCode } from '../errors/index.js';
import { fromWireError } from '../wire-error.js';
import { distFile } from '../package.js';
import { Pending } from '../pending/index.js';
import type { FromThread, ThreadCalls, ToThread } from './messages.js';
import { ThreadOutbox } from './outbox.js';

interface ThreadClientOptions<Event> {
  /** The thread's entry, a compiled file below `dist/`. */
  readonly file: string;
  /** For error messages and the list of waits: `inference`. */
  readonly name: string;
  readonly workerData?: unknown;
  readonly onEvent?: ((event: Event) => void) | undefined;
  /** The thread ended and nobody here asked for it. Open calls have failed with the same error. */
  readonly onDeath?: ((error: AsyncDiffError) => void) | undefined;
  /** Code of that error. Defaults to `internal`. */
  readonly deathCode?: ErrorCode | undefined;
}

interface ThreadCallOptions {
  /** Memory that becomes the thread's. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
  /** Stops waiting; the thread goes on with what it is at. */
  readonly signal?: AbortSignal | undefined;
}

/** A thread's owner: calls that are answered, posts that are not, events that come by themselves. The thread's side is `serveThread`. */
export class ThreadClient<Calls extends ThreadCalls<Calls>, Post = never, Event = never> {
  readonly #options: ThreadClientOptions<Event>;
  readonly #thread: Worker;
  readonly #outbox: ThreadOutbox<ToThread>;
  readonly #pending = new Pending<unknown>();
  readonly #exited: Promise<void>;
  #nextId = 0;
  #stopping = false;
  #ended: AsyncDiffError | undefined;

  constructor(options: ThreadClientOptions<Event>) {
    this.#options = options;
    const { file, name, workerData, deathCode = 'internal' } = options;
    this.#thread = new Worker(distFile(file), {
      workerData,
      name: `asyncdiff-${name}`,
      // A file that one thread opens and another closes would be warned of.
      trackUnmanagedFds: false,
    });
    this.#outbox = new ThreadOutbox(this.#thread);
    this.#thread.on('message', (messages: readonly FromThread[]) => {
      for (const message of messages) this.#receive(message);
    });
    this.#thread.on('error', (cause) =>
      this.#died(new AsyncDiffError(deathCode, `the ${name} thread failed: ${cause.message}`, { cause })),
    );
    this.#exited = new Promise((resolve) => {
      this.#thread.once('exit', (code) => {
        this.#died(new AsyncDiffError(deathCode, `the ${name} thread ended (code ${code})`));
        resolve();
      });
    });
  }

  /** Rejects with what the call throws there, its stack included. */
  call<K extends string & keyof Calls>(
    name: K,
    argument: Calls[K]['argument'],
    { transfer, signal }: ThreadCallOptions = {},
  ): Promise<Calls[K]['result']> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#nextId += 1;
    const id = this.#nextId;
    // Its death is noticed, and what it does may take as long as a model is large: whoever calls has the limit.
    const answer = this.#pending.wait(String(id), { what: `${this.#options.name} thread: ${name}`, signal });
    this.#outbox.send({ kind: 'call', id, name, argument }, transfer);
    return answer;
  }

  post(post: Post, transfer?: readonly ArrayBuffer[]): void {
    if (this.#ended === undefined) this.#outbox.send({ kind: 'post', post }, transfer);
  }

  /** Ends the thread after what it is at: terminating it in the middle of an ONNX Runtime call would abort the process. */
  async stop(): Promise<void> {
    if (!this.#stopping && this.#ended === undefined) this.#outbox.send({ kind: 'stop' });
    this.#stopping = true;
    await this.#exited;
  }

  /** Nobody waits for it any more, not even for its end: what it is at cannot be interrupted. It ends by itself after that. */
  abandon(error: AsyncDiffError): void {
    void this.stop();
    this.#ended = error;
    this.#pending.rejectAll(error);
    this.#thread.unref();
  }

  #receive(message: FromThread): void {
    // What an abandoned one still says.
    if (this.#ended !== undefined) return;
    switch (message.kind) {
      case 'event':
        return this.#options.onEvent?.(message.event as Event);
      case 'result':
        return void this.#pending.resolve(String(message.id), message.result);
      case 'failed':
        return void this.#pending.reject(String(message.id), fromWireError(message.error));
      default:
        return message satisfies never;
    }
  }

  #died(error: AsyncDiffError): void {
    if (this.#ended !== undefined) return;
    const { name, onDeath } = this.#options;
    this.#ended = this.#stopping ? new AsyncDiffError('cancelled', `the ${name} thread was closed`) : error;
    this.#pending.rejectAll(this.#ended);
    if (!this.#stopping) onDeath?.(this.#ended);
  }
}
