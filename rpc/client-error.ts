import { status } from '@grpc/grpc-js';
import { AsyncDiffError, ERROR_CODE_KEY, type ErrorCode } from '../common/errors/index.js';

/**
 * A call's error on the client's side.
 *
 * @param unreachable the code for a server that does not answer, or that went away in the middle of the call: gRPC
 * reports that as UNAVAILABLE or, if the server closed in order, as CANCELLED
 */
export function clientError(
  error: unknown,
  unreachable: ErrorCode = 'coordinator_unreachable',
): AsyncDiffError {
  if (error instanceof AsyncDiffError || !(error instanceof Error) || !('code' in error)) {
    return AsyncDiffError.from(error);
  }
  const metadata =
    'metadata' in error ? (error.metadata as { get(key: string): unknown[] } | undefined) : undefined;
  if (metadata !== undefined && metadata.get(ERROR_CODE_KEY).length > 0) return AsyncDiffError.from(error);
  if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED) {
    const details = 'details' in error ? String(error.details) : error.message;
    return new AsyncDiffError(unreachable, details, { cause: error });
  }
  return AsyncDiffError.from(error);
}
