import type { ServerHttp2Stream } from 'node:http2';
import { type ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { AsyncDiffError, type ErrorCode } from '../../common/errors/index.js';
import { Deadline } from '../../common/pending/index.js';
import { isCoded, toServiceError } from '../index.js';
import { IncomingMessages } from './incoming-message.js';

type Status = Parameters<ServerInterceptingCall['sendStatus']>[0];

/** Fields of grpc-js 1.14.7 that have no public form, of the innermost of a call's layers. test/rpc/odd-calls.test.ts fails if they move. */
interface PrivateCall {
  decoder: { write(data: Buffer): Buffer[] };
  readonly maxReceiveMessageSize: number;
  readonly stream: ServerHttp2Stream;
  sendStatus(ended: Status): void;
}

/** A client on a link as slow as this is slow, and does send. */
const MIN_BYTES_PER_SECOND = 50_000;

/**
 * How calls are read, on every server: a message is held once, one that has begun must go on, and gRPC's own words for what a client did wrong get our codes.
 * It must be the first interceptor: what it changes lies below all of them.
 *
 * @param stallMs so long a message that has begun may not grow; and so long a call of one request may not begin it
 */
export function callReading(stallMs: number): ServerInterceptor {
  return ({ requestStream }, call) => {
    const inner = call as unknown as PrivateCall;
    const messages = new IncomingMessages(inner.maxReceiveMessageSize);
    const send = inner.sendStatus.bind(inner);
    inner.sendStatus = (ended) => send(withCode(ended));
    const stalled = (): void =>
      inner.sendStatus(
        toServiceError(
          new AsyncDiffError(
            'deadline_exceeded',
            `the client has sent nothing more of its request for ${stallMs / 1000} s`,
            { hint: 'Send it again, without a pause.' },
          ),
        ) as Status,
      );
    // Whoever takes a stream of messages has a patience of its own between two of them.
    let patience = requestStream ? undefined : new Deadline(stallMs, stalled);
    inner.stream.once('close', () => patience?.clear());
    // Before anyone hears that it is over.
    inner.stream.prependOnceListener('end', () => {
      if (messages.isInside) inner.sendStatus({ code: status.INTERNAL, details: ENDED_INSIDE });
    });
    inner.decoder = {
      write: (data) => {
        const whole = messages.write(data);
        if (!messages.isInside) {
          patience?.clear();
          patience = undefined;
        } else if (patience === undefined) patience = new Deadline(stallMs, stalled);
        else patience.extend(stallMs + (data.length / MIN_BYTES_PER_SECOND) * 1000);
        return whole;
      },
    };
    return call as ServerInterceptingCall;
  };
}

/** What is wrong with a call that gRPC itself has ended; what is left out is a fault of this program, or none. */
const BY_STATUS: Readonly<Partial<Record<status, ErrorCode>>> = Object.freeze({
  [status.DEADLINE_EXCEEDED]: 'deadline_exceeded',
  [status.RESOURCE_EXHAUSTED]: 'message_too_large',
  [status.UNIMPLEMENTED]: 'protocol_mismatch',
});
/** Of those that it calls internal, the client's. */
const ENDED_INSIDE = 'The request ended inside of a message';
const NOT_OURS =
  /^(The request ended inside|Error deserializing request|Failed to decompress message|Invalid grpc-timeout)/;

function withCode(ended: Status): Status {
  if (ended.code === status.OK || isCoded(ended.metadata)) return ended;
  const isTheirs = ended.code === status.INTERNAL && NOT_OURS.test(ended.details ?? '');
  const code = isTheirs ? 'protocol_mismatch' : BY_STATUS[ended.code as status];
  if (code === undefined) return ended;
  const options =
    code === 'protocol_mismatch'
      ? { hint: 'Send what proto/asyncdiff/v1 says; asyncdiff itself: the same version on every host.' }
      : {};
  return toServiceError(new AsyncDiffError(code, ended.details ?? '', options)) as Status;
}
