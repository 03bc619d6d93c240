import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerReadableStream,
} from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { toServiceError } from '../index.js';
import { type Caller, callerOf } from './admission.js';
import { cutUnread } from './cut-call.js';
import { ControlStream, onClientEnd } from '../streams/index.js';

export interface CallContext {
  /** Aborted when the client cancels or goes away, or its deadline passes. */
  readonly signal: AbortSignal;
  /** The client's address. */
  readonly peer: string;
  readonly metadata: Metadata;
  readonly caller: Caller;
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
  const { metadata } = call;
  return { signal: controller.signal, peer: call.getPeer(), metadata, caller: callerOf(metadata) };
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
      () => {
        call.end();
        cutUnread(call);
      },
      (error: unknown) => {
        call.emit('error', toServiceError(error));
        cutUnread(call);
      },
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
    void (async () => handle(stream, context))().catch((error: unknown) => {
      stream.fail(error);
      cutUnread(call);
    });
  };
}
