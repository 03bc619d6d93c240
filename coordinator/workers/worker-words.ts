import { AsyncDiffError } from '../../common/errors/index.js';
import { plainText } from '../../common/plain-text.js';

/** Characters of a reason or an error that a worker gives. */
const MAX_WORDS_LENGTH = 2_000;
/** A day; no session takes longer. */
const MAX_MS = 86_400_000;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;

/** A worker's words for errors and logs. */
export function wordsOf(text: string): string {
  return plainText(text, MAX_WORDS_LENGTH);
}

/** Times and bytes that a worker tells; `what`: of what. Throws `protocol_mismatch` for what is no amount. */
export function checkAmounts(what: string, amounts: Iterable<number>, most: number = MAX_MS): void {
  // Not `amount < 0 || amount > most`: NaN is no amount.
  for (const amount of amounts)
    if (!(amount >= 0 && amount <= most))
      throw new AsyncDiffError('protocol_mismatch', `${what} of ${amount}`);
}

/** What a worker tells of a job that has ended. */
export function checkReport({
  computeMs,
  waitMs,
  segmentMs,
  sentBytes,
  spans,
}: {
  readonly computeMs: number;
  readonly waitMs: number;
  readonly segmentMs: Readonly<Record<string, number>>;
  readonly sentBytes: Readonly<Record<string, number>>;
  readonly spans: readonly { readonly startMs: number; readonly durationMs: number }[];
}): void {
  checkAmounts('a report with times', [computeMs, waitMs, ...Object.values(segmentMs)]);
  checkAmounts('a report with bytes', Object.values(sentBytes), MAX_BYTES);
  for (const { startMs, durationMs } of spans) {
    checkAmounts('a report with spans', [durationMs]);
    checkAmounts('a report with times of day', [startMs], MAX_BYTES);
  }
}

/** A link as a worker measured it: one that cannot be counts as one that does not work. */
export function linkOf<L extends { readonly roundTripMs: number; readonly bytesPerSecond: number }>(
  link: L,
): L {
  const works =
    link.roundTripMs >= 0 &&
    link.roundTripMs <= MAX_MS &&
    link.bytesPerSecond > 0 &&
    link.bytesPerSecond <= MAX_BYTES;
  return works ? link : { ...link, roundTripMs: 0, bytesPerSecond: 0 };
}
