import type { ClientDuplexStream, ServerDuplexStream, ServiceError } from '@grpc/grpc-js';
import { AsyncDiffError, type ErrorCode } from '../../common/errors/index.js';
import { clientError, fromServiceError, toServiceError } from '../index.js';
import { onClientEnd } from './server-call-end.js';

type AnyCall<Out, In> = ClientDuplexStream<Out, In> | ServerDuplexStream<In, Out>;

interface ControlStreamHandlers<In> {
  readonly onMessage: (message: In) => void;
  /**
   * Called once: without an error when the other side has ended in order, else with what went wrong. To a server, a
   * client that cancels looks like one that ends.
   */
  readonly onClosed: (error?: AsyncDiffError) => void;
}

interface ControlStreamOptions {
  /** On a client's end: the code for a server that does not answer or goes away. Default `coordinator_unreachable`. */
  readonly unreachable?: ErrorCode | undefined;
}

/** Either end of a bidirectional call (Coordinator.Join, Worker.Attach), with one shape for both. */
export class ControlStream<Out, In> {
  readonly #call: AnyCall<Out, In>;
  readonly #waiters = new Set<() => void>();
  #queuedMessages = 0;
  #queuedBytes = 0;
  #ended = false;
  #closed = false;
  #over = false;
  #error: AsyncDiffError | undefined;
  #onClosed: ((error?: AsyncDiffError) => void) | undefined;

  constructor(call: AnyCall<Out, In>, options: ControlStreamOptions = {}) {
    this.#call = call;
    // A client's call reports 'error', or 'end' if all is in order; a server's call is less plain.
    call.on('error', (error: ServiceError) =>
      this.#break(isServerCall(call) ? fromServiceError(error) : clientError(error, options.unreachable)),
    );
    if (!isServerCall(call)) call.on('end', () => this.#break());
    else {
      onClientEnd(call, (broken) => {
        if (!broken) this.#close();
        else if (this.#ended) this.#break();
        else
          this.#break(
            new AsyncDiffError('cancelled', `${call.getPeer()} went away in the middle of its stream`),
          );
      });
      // The end of an orderly call: whoever waits in `drained` must hear of it.
      call.on('cancelled', () => this.#break());
    }
  }

  /** Address of the other side, for logs. */
  get peer(): string {
    return this.#call.getPeer();
  }

  /** Messages, and bytes as declared in `send`, that the network has not taken yet. */
  get queuedMessages(): number {
    return this.#queuedMessages;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether the other side has ended, or the stream broke. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Queues a message. Does nothing after `end` or on a broken stream: its `onClosed` has said so.
   *
   * @param sizeBytes the message's payload, for `queuedBytes` and {@link drained}
   */
  send(message: Out, sizeBytes = 0): void {
    if (this.#ended || this.#over) return;
    this.#queuedMessages += 1;
    this.#queuedBytes += sizeBytes;
    this.#call.write(message, () => {
      this.#queuedMessages -= 1;
      this.#queuedBytes -= sizeBytes;
      this.#wake();
    });
  }

  /**
   * Resolves when at most `atMostBytes` are queued. gRPC streams count messages, not bytes: whoever sends much awaits this.
   *
   * @throws AsyncDiffError why the stream broke
   */
  async drained(atMostBytes = 0): Promise<void> {
    while (this.#queuedBytes > atMostBytes && !this.#over) {
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
    if (this.#over) {
      throw this.#error ?? new AsyncDiffError('cancelled', `${this.peer} has ended the stream`);
    }
  }

  /** Starts reading. Nothing is lost before. */
  listen(handlers: ControlStreamHandlers<In>): void {
    if (this.#closed) {
      handlers.onClosed(this.#error);
      return;
    }
    this.#onClosed = handlers.onClosed;
    this.#call.on('data', (message: In) => {
      if (!this.#closed) handlers.onMessage(message);
    });
  }

  /** Half-close: nothing more will be sent. A server's call is answered with OK. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call.end();
  }

  /** Ends the call with an error: a server answers with it, a client cancels. */
  fail(error: unknown): void {
    const own = AsyncDiffError.from(error);
    if (isServerCall(this.#call)) {
      this.#ended = true;
      this.#call.emit('error', toServiceError(own));
    } else {
      this.#break(own);
      this.#call.cancel();
    }
  }

  #close(error?: AsyncDiffError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#onClosed?.(error);
  }

  /** Nothing more can be sent or will come. */
  #break(error?: AsyncDiffError): void {
    this.#over = true;
    this.#close(error);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiters) resolve();
    this.#waiters.clear();
  }
}

function isServerCall<Out, In>(call: AnyCall<Out, In>): call is ServerDuplexStream<In, Out> {
  return 'sendMetadata' in call;
}
