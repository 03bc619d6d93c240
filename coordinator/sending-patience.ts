import { AsyncDiffError } from '../common/errors/index.js';
import { Deadline } from '../common/pending/index.js';

/** A client on a link as slow as this is slow, and does send. */
const MIN_BYTES_PER_SECOND = 50_000;

/** How long a client may send nothing of what it has begun: of an upload, of a run. */
export class SendingPatience {
  readonly #deadline: Deadline;
  readonly #stallMs: number;

  /** @param what it sends, for the error */
  constructor(what: string, stallMs: number, onStalled: (error: AsyncDiffError) => void) {
    this.#stallMs = stallMs;
    this.#deadline = new Deadline(stallMs, () =>
      onStalled(
        new AsyncDiffError(
          'deadline_exceeded',
          `the client has sent nothing more of ${what} for ${stallMs / 1000} s`,
          { hint: 'Send it again, without a pause.' },
        ),
      ),
    );
  }

  /** A message came; the next one may be as long. */
  heard(bytes: number): void {
    this.#deadline.extend(this.#stallMs + (bytes / MIN_BYTES_PER_SECOND) * 1000);
  }

  clear(): void {
    this.#deadline.clear();
  }
}

/**
 * The messages of a client as they come.
 * @throws AsyncDiffError `deadline_exceeded` where the next one does not come; time for which the messages are not asked for does not count
 */
export async function* paced<T>(
  messages: AsyncIterable<T>,
  what: string,
  stallMs: number,
): AsyncGenerator<T, void, undefined> {
  const iterator = messages[Symbol.asyncIterator]();
  for (;;) {
    const next = await withinPatience(iterator.next(), what, stallMs);
    if (next.done === true) return;
    yield next.value;
  }
}

function withinPatience<T>(promise: Promise<T>, what: string, stallMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const patience = new SendingPatience(what, stallMs, reject);
    promise.finally(() => patience.clear()).then(resolve, reject);
  });
}
