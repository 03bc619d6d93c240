import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { AsyncDiffError, ERRORS, type ErrorCode } from '../common/errors/index.js';

/** Keys of the trailing metadata that carry an AsyncDiffError. */
const CODE_KEY = 'asyncdiff-error-code';
const HINT_KEY = 'asyncdiff-error-hint-bin';

/** What a status means that no code of ours came with. */
const BY_STATUS: Readonly<Partial<Record<status, ErrorCode>>> = Object.freeze({
  [status.CANCELLED]: 'cancelled',
  [status.DEADLINE_EXCEEDED]: 'deadline_exceeded',
  [status.RESOURCE_EXHAUSTED]: 'message_too_large',
  [status.UNIMPLEMENTED]: 'protocol_mismatch',
});

/** The error as gRPC sends it: status, text, and code and hint in the trailing metadata. */
export function toServiceError(error: unknown): Partial<ServiceError> {
  const own = AsyncDiffError.from(error);
  const metadata = new Metadata();
  metadata.set(CODE_KEY, own.code);
  metadata.set(HINT_KEY, Buffer.from(own.hint, 'utf8'));
  return { code: status[ERRORS[own.code].grpcStatus], details: own.rawMessage, metadata };
}

/** Anything that a call has thrown: gRPC errors by their metadata, else by their status, the rest as {@link AsyncDiffError.from} has it. */
export function fromServiceError(error: unknown, fallback: ErrorCode = 'internal'): AsyncDiffError {
  if (!isServiceError(error)) return AsyncDiffError.from(error, fallback);
  const code = codeOf(error);
  if (code !== undefined) {
    const hint = error.metadata?.get(HINT_KEY)[0]?.toString();
    return new AsyncDiffError(code, error.details, { hint, cause: error });
  }
  return new AsyncDiffError(BY_STATUS[error.code] ?? fallback, error.details || error.message, {
    cause: error,
  });
}

/**
 * A call's error on the client's side.
 *
 * @param unreachable the code for a server that does not answer, or that went away in the middle of the call: gRPC
 * reports that as UNAVAILABLE or, if the server closed in order, as CANCELLED; and as INTERNAL, where the other side's HTTP/2, or something on the way, reset the call
 */
export function clientError(
  error: unknown,
  unreachable: ErrorCode = 'coordinator_unreachable',
): AsyncDiffError {
  if (
    isServiceError(error) &&
    codeOf(error) === undefined &&
    (error.code === status.UNAVAILABLE || error.code === status.CANCELLED || isReset(error))
  ) {
    return new AsyncDiffError(unreachable, reasonOf(error), { cause: error });
  }
  return fromServiceError(error);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

function isReset({ code, details }: ServiceError): boolean {
  return code === status.INTERNAL && details.startsWith('Received RST_STREAM');
}

/** Why there was no connection, out of what gRPC wraps it in. */
function reasonOf({ details, message }: ServiceError): string {
  const reason = /^No connection established\. Last error: (?:Error: )?(.+?)\.? Resolution note:/.exec(
    details,
  )?.[1];
  return reason ?? (details || message);
}

/** Whether what a call ends with carries a code of ours. */
export function isCoded(metadata: Partial<Metadata> | null | undefined): boolean {
  return (metadata?.get?.(CODE_KEY).length ?? 0) > 0;
}

/** The code that came with it; undefined for gRPC's own errors, and for codes of a newer version. */
function codeOf({ metadata }: ServiceError): ErrorCode | undefined {
  const code = metadata?.get(CODE_KEY)[0]?.toString();
  return code !== undefined && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined;
}
