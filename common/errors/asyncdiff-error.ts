import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { ERRORS, type ErrorCode } from './table.js';

/** Key of the trailing metadata that holds the code of an AsyncDiffError. */
export const ERROR_CODE_KEY = 'asyncdiff-error-code';
const HINT_KEY = 'asyncdiff-error-hint-bin';

export interface ErrorOptions {
  /** What to do about it; the table's hint where it is left out. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error type. `message` is `[code] text`, so that a log line can be searched for; `rawMessage` is the text.
 * It crosses gRPC with its code and hint in the trailing metadata: see {@link toServiceError} and {@link AsyncDiffError.from}.
 */
export class AsyncDiffError extends Error {
  override readonly name = 'AsyncDiffError';
  readonly code: ErrorCode;
  readonly rawMessage: string;
  readonly hint: string;

  constructor(code: ErrorCode, rawMessage: string, options: ErrorOptions = {}) {
    super(`[${code}] ${rawMessage}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.rawMessage = rawMessage;
    this.hint = options.hint ?? ERRORS[code].hint;
  }

  get grpcStatus(): status {
    return ERRORS[this.code].grpcStatus;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** Anything thrown, as an AsyncDiffError: gRPC errors by their metadata, abort errors as `cancelled`, the rest as `internal`. */
  static from(error: unknown, fallback: ErrorCode = 'internal'): AsyncDiffError {
    if (error instanceof AsyncDiffError) return error;
    if (isServiceError(error)) return fromServiceError(error, fallback);
    if (error instanceof Error) {
      if (error.name === 'AbortError')
        return new AsyncDiffError('cancelled', error.message, { cause: error });
      if (error.name === 'TimeoutError')
        return new AsyncDiffError('deadline_exceeded', error.message, { cause: error });
      return new AsyncDiffError(fallback, error.message, { cause: error });
    }
    return new AsyncDiffError(fallback, String(error), { cause: error });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

function fromServiceError(error: ServiceError, fallback: ErrorCode): AsyncDiffError {
  const code = error.metadata?.get(ERROR_CODE_KEY)[0]?.toString();
  const hint = error.metadata?.get(HINT_KEY)[0]?.toString();
  if (code !== undefined && code in ERRORS) {
    return new AsyncDiffError(code as ErrorCode, error.details, { hint, cause: error });
  }
  const byStatus: Partial<Record<status, ErrorCode>> = {
    [status.CANCELLED]: 'cancelled',
    [status.DEADLINE_EXCEEDED]: 'deadline_exceeded',
    [status.RESOURCE_EXHAUSTED]: 'message_too_large',
    [status.UNIMPLEMENTED]: 'protocol_mismatch',
  };
  return new AsyncDiffError(byStatus[error.code] ?? fallback, error.details || error.message, {
    cause: error,
  });
}

/** The error as gRPC sends it: status, text, and code and hint in the trailing metadata. */
export function toServiceError(error: unknown): Partial<ServiceError> {
  const own = AsyncDiffError.from(error);
  const metadata = new Metadata();
  metadata.set(ERROR_CODE_KEY, own.code);
  metadata.set(HINT_KEY, Buffer.from(own.hint, 'utf8'));
  return { code: own.grpcStatus, details: own.rawMessage, metadata };
}
