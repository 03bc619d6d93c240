import { ERRORS, type ErrorCode } from './table.js';

interface ErrorOptions {
  /** What to do about it; the table's hint where it is left out. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error type. `message` is `[code] text`, so that a log line can be searched for; `rawMessage` is the text.
 * It crosses gRPC with its code and hint: see rpc/errors.ts.
 */
export class AsyncDiffError extends Error {
  override readonly name = 'AsyncDiffError';
  /** Never changes its meaning; docs/reference/errors.md has a section for each. */
  readonly code: ErrorCode;
  readonly rawMessage: string;
  /** What to do about it, for people. */
  readonly hint: string;

  constructor(code: ErrorCode, rawMessage: string, options: ErrorOptions = {}) {
    super(`[${code}] ${rawMessage}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.rawMessage = rawMessage;
    this.hint = options.hint ?? ERRORS[code].hint;
  }

  /** Exit code of a command that ends with this error. */
  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }

  /** Whether the same call may succeed later without any change. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** Anything thrown, as an AsyncDiffError: abort errors as `cancelled`, timeouts as `deadline_exceeded`, the rest as `fallback`. */
  static from(error: unknown, fallback: ErrorCode = 'internal'): AsyncDiffError {
    if (error instanceof AsyncDiffError) return error;
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
