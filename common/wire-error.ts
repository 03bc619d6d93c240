import { AsyncDiffError, ERRORS, type ErrorCode } from './errors/index.js';

/** An error as plain data, for the way between threads or processes. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** Where it was thrown, causes included; see {@link stackOf}. */
  readonly stack: string;
}

/** Stack of an error and of every cause below it. */
export function stackOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error && parts.length < 8; at = at.cause)
    parts.push(at.stack ?? `${at.name}: ${at.message}`);
  return parts.join('\ncaused by: ');
}

/** @param fallback code of an error that has none */
export function toWireError(error: unknown, fallback: ErrorCode = 'internal'): WireError {
  const own = AsyncDiffError.from(error, fallback);
  return { code: own.code, message: own.rawMessage, hint: own.hint, stack: stackOf(own) };
}

/** The error as it was thrown, with its own stack. A code of a newer version is taken as `fallback`. */
export function fromWireError(
  { code, message, hint, stack }: Omit<WireError, 'code'> & { readonly code: string },
  fallback: ErrorCode = 'internal',
): AsyncDiffError {
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : fallback;
  const error = new AsyncDiffError(known, message, { hint });
  if (stack !== '') error.stack = stack;
  return error;
}
