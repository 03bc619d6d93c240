import { parentPort } from 'node:worker_threads';
import { type ErrorCode } from '../errors/index.js';
import { toWireError } from '../wire-error.js';
import type { FromThread, ThreadCalls, ToThread } from './messages.js';
import { ThreadOutbox } from './outbox.js';

/** What a call gives, with the memory that becomes the caller's. */
export interface ThreadAnswer<R> {
  readonly result: R;
  readonly transfer?: readonly ArrayBuffer[] | undefined;
}

interface ThreadHandlers<Calls extends ThreadCalls<Calls>, Post> {
  /** Calls begin in the order in which they came; one that waits does not hold up the next. */
  readonly calls: {
    readonly [K in keyof Calls]: (
      argument: Calls[K]['argument'],
    ) => Promise<ThreadAnswer<Calls[K]['result']>> | ThreadAnswer<Calls[K]['result']>;
  };
  /** An error from here ends the thread: it must not go on half-broken. */
  readonly onPost?: ((post: Post) => void) | undefined;
  /** Called before the thread ends; what runs must have come to its end when it resolves. */
  readonly onStop?: (() => Promise<void>) | undefined;
  /** Code of an error that a call throws without one of its own. Defaults to `internal`. */
  readonly failureCode?: ErrorCode | undefined;
}

/** The thread's side of a `ThreadClient`. Events sent in one turn, and answers, leave as one message. */
class ThreadServer<Event> {
  readonly #outbox: ThreadOutbox<FromThread>;

  constructor(outbox: ThreadOutbox<FromThread>) {
    this.#outbox = outbox;
  }

  send(event: Event, transfer?: readonly ArrayBuffer[]): void {
    this.#outbox.send({ kind: 'event', event }, transfer);
  }
}

/** Serves the calls and posts of the thread's owner until that stops it. In a worker thread only. */
export function serveThread<Calls extends ThreadCalls<Calls>, Post = never, Event = never>(
  handlers: ThreadHandlers<Calls, Post>,
): ThreadServer<Event> {
  const port = parentPort;
  if (port === null) throw new Error('this file is the entry of a worker thread');
  const outbox = new ThreadOutbox<FromThread>({
    postMessage: (messages, transfer) => port.postMessage(messages, transfer),
  });
  const answer = async ({ id, name, argument }: Extract<ToThread, { kind: 'call' }>): Promise<void> => {
    try {
      const { result, transfer } = await (
        handlers.calls[name as keyof Calls] as (a: unknown) => Promise<ThreadAnswer<unknown>>
      )(argument);
      outbox.send({ kind: 'result', id, result }, transfer);
    } catch (error) {
      outbox.send({ kind: 'failed', id, error: toWireError(error, handlers.failureCode) });
    }
  };
  const stop = async (): Promise<void> => {
    await handlers.onStop?.();
    outbox.flush();
    port.close();
  };
  port.on('message', (messages: readonly ToThread[]) => {
    for (const message of messages) {
      if (message.kind === 'call') void answer(message);
      else if (message.kind === 'post') handlers.onPost?.(message.post as Post);
      else void stop();
    }
  });
  return new ThreadServer(outbox);
}
