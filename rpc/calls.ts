import {
  type CallOptions,
  type Client,
  type ClientReadableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerReadableStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { AsyncDiffError, type ErrorCode, toServiceError } from '../common/errors/index.js';
import { clientError } from './client-error.js';
import { ControlStream } from './control-stream.js';
import { onClientEnd } from './server-call-end.js';

export interface UnaryOptions {
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Code for a server that does not answer. Default `coordinator_unreachable`. */
  readonly unreachable?: ErrorCode | undefined;
}

/**
 * One request, one response: `await unary(client, coordinatorService.GetStatus, {})`.
 *
 * @throws AsyncDiffError the server's own, or `deadline_exceeded`, `cancelled`, `unreachable`
 */
export function unary<Req, ReqOut, Res, ResOut>(
  client: Client,
  method: MethodDefinition<Req, Res, ReqOut, ResOut>,
  request: Req,
  options: UnaryOptions = {},
): Promise<ResOut> {
  const { signal, deadlineMs } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(AsyncDiffError.from(signal.reason, 'cancelled'));
      return;
    }
    const callOptions: CallOptions = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const onAbort = (): void => call.cancel();
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      callOptions,
      (error: ServiceError | null, response?: ResOut) => {
        signal?.removeEventListener('abort', onAbort);
        if (error !== null) {
          const aborted = signal?.aborted === true && error.code === status.CANCELLED;
          reject(
            aborted
              ? AsyncDiffError.from(signal.reason, 'cancelled')
              : clientError(error, options.unreachable),
          );
        } else resolve(response as ResOut);
      },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * The messages of a server stream. Leaving the loop early cancels the call, as does the signal.
 *
 * @throws AsyncDiffError
 */
export async function* messages<T>(
  call: ClientReadableStream<T>,
  options: Pick<UnaryOptions, 'signal' | 'unreachable'> = {},
): AsyncGenerator<T, void, undefined> {
  const { signal } = options;
  const onAbort = (): void => call.cancel();
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  // Cancelling after the loop was left makes the call report it.
  call.on('error', () => undefined);
  try {
    for await (const message of call) yield message as T;
    if (signal?.aborted) throw AsyncDiffError.from(signal.reason, 'cancelled');
  } catch (error) {
    throw signal?.aborted
      ? AsyncDiffError.from(signal.reason, 'cancelled')
      : clientError(error, options.unreachable);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    call.cancel();
  }
}

export interface CallContext {
  /** Aborted when the client cancels or goes away, or its deadline passes. */
  readonly signal: AbortSignal;
  /** The client's address. */
  readonly peer: string;
  readonly metadata: Metadata;
}

interface AnyServerCall {
  readonly metadata: Metadata;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

function contextOf(call: AnyServerCall): CallContext {
  const controller = new AbortController();
  call.on('cancelled', () =>
    controller.abort(new AsyncDiffError('cancelled', 'the client cancelled the call or went away')),
  );
  return { signal: controller.signal, peer: call.getPeer(), metadata: call.metadata };
}

/** A unary handler from an async function; what it throws goes to the client as an AsyncDiffError. */
export function unaryHandler<Req, Res>(
  handle: (request: Req, context: CallContext) => Promise<Res> | Res,
): handleUnaryCall<Req, Res> {
  return (call, callback) => {
    const context = contextOf(call);
    void (async () => handle(call.request, context))().then(
      (response) => callback(null, response),
      (error: unknown) => callback(toServiceError(error)),
    );
  };
}

/** A server-streaming handler; `send` resolves when the network has taken the message, or the client is gone. */
export function serverStreamHandler<Req, Res>(
  handle: (request: Req, send: (response: Res) => Promise<void>, context: CallContext) => Promise<void>,
): handleServerStreamingCall<Req, Res> {
  return (call) => {
    const context = contextOf(call);
    const send = (response: Res): Promise<void> =>
      new Promise((resolve) => {
        if (context.signal.aborted) return resolve();
        const done = (): void => {
          context.signal.removeEventListener('abort', done);
          resolve();
        };
        context.signal.addEventListener('abort', done, { once: true });
        call.write(response, done);
        return undefined;
      });
    void (async () => handle(call.request, send, context))().then(
      () => call.end(),
      (error: unknown) => call.emit('error', toServiceError(error)),
    );
  };
}

/**
 * A client-streaming handler; the messages come one by one, as fast as the loop takes them. A client that cancels may
 * look like one that has finished: check that what came is whole.
 */
export function clientStreamHandler<Req, Res>(
  handle: (requests: AsyncIterable<Req>, context: CallContext) => Promise<Res>,
): handleClientStreamingCall<Req, Res> {
  return (call, callback) => {
    const context = contextOf(call);
    void (async () => handle(whole(call), context))().then(
      (response) => callback(null, response),
      (error: unknown) => callback(toServiceError(error)),
    );
  };
}

/**
 * The requests of a client, or an error if its connection broke before it had sent them all. One that cancels looks like
 * one that has finished (Node sends END_STREAM before RST_STREAM): what must be whole needs its size said beforehand.
 */
async function* whole<Req>(call: ServerReadableStream<Req, unknown>): AsyncGenerator<Req, void, undefined> {
  const broken = new Promise<boolean>((resolve) => onClientEnd(call, resolve));
  // A handler that has seen enough still answers: the call must outlive the loop.
  try {
    for await (const request of call.iterator({ destroyOnReturn: false })) yield request as Req;
  } catch (error) {
    if (!call.cancelled) throw error;
  }
  if (await broken) {
    throw new AsyncDiffError('cancelled', `${call.getPeer()} went away in the middle of its stream`);
  }
}

/** A bidirectional handler as a {@link ControlStream}; what `handle` throws ends the call with that error. */
export function bidiHandler<In, Out>(
  handle: (stream: ControlStream<Out, In>, context: CallContext) => void | Promise<void>,
): handleBidiStreamingCall<In, Out> {
  return (call) => {
    const stream = new ControlStream<Out, In>(call);
    const context = contextOf(call);
    void (async () => handle(stream, context))().catch((error: unknown) => stream.fail(error));
  };
}
