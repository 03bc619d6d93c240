import {
  type CallOptions,
  type Client,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { AsyncDiffError, type ErrorCode } from '../common/errors/index.js';
import { clientError } from './errors.js';

export interface UnaryOptions {
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Code for a server that does not answer. Default `coordinator_unreachable`. */
  readonly unreachable?: ErrorCode | undefined;
}

/**
 * One request, one response: `await unary(client, coordinatorService().GetStatus, {})`.
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
 * The messages of a server stream. Leaving the loop early cancels the call, as does the signal, whether or not the loop has begun.
 *
 * @throws AsyncDiffError
 */
export function messages<T>(
  call: ClientReadableStream<T>,
  options: Pick<UnaryOptions, 'signal' | 'unreachable'> = {},
): AsyncGenerator<T, void, undefined> {
  const { signal } = options;
  let failure: unknown;
  const onAbort = (): void => call.cancel();
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  // A call that fails before it is iterated tells it once; one that is cancelled afterwards tells it as well.
  call.on('error', (error: unknown) => {
    failure ??= error;
  });
  return (async function* () {
    try {
      for await (const message of call) yield message as T;
      if (failure !== undefined) throw failure;
      if (signal?.aborted) throw AsyncDiffError.from(signal.reason, 'cancelled');
    } catch (error) {
      throw signal?.aborted
        ? AsyncDiffError.from(signal.reason, 'cancelled')
        : clientError(error, options.unreachable);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      call.cancel();
    }
  })();
}
