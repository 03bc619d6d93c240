import { constants, type ServerHttp2Stream } from 'node:http2';

/** Fields of grpc-js 1.14.7 that lead from a call to its HTTP/2 stream. test/coordinator/slow-client.test.ts fails if they move. */
interface PrivateCall {
  readonly call?: PrivateCall | undefined;
  readonly nextCall?: PrivateCall | undefined;
  readonly stream?: ServerHttp2Stream | undefined;
}

/** Time that a call which has ended gets for its last messages. */
const FAREWELL_MS = 2_000;

/**
 * Resets the stream of a call that is over and whose client has not taken its end in some seconds: the status of a call waits behind its
 * messages, and so for ever if nobody reads them.
 */
export function cutUnread(call: unknown): void {
  let inner = call as PrivateCall | undefined;
  while (inner !== undefined && inner.stream === undefined) inner = inner.call ?? inner.nextCall;
  const stream = inner?.stream;
  if (stream === undefined || stream.closed) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), FAREWELL_MS);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}
