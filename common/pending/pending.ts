import { AsyncDiffError } from '../errors/index.js';
import { Deadline } from './deadline.js';
import { addWait, type OpenWait, removeWait } from './open-waits.js';

export interface WaitOptions {
  /** What is waited for and from whom, in words: for errors, logs and the list of open waits. */
  readonly what: string;
  /**
   * Time without progress after which the wait fails, milliseconds (see {@link Pending.extend}). Left out only where a wait
   * around this one has a limit, or where the other side is a thread of this process whose death is noticed.
   */
  readonly withinMs?: number | undefined;
  /** The error of a wait that took too long. Defaults to `deadline_exceeded`. */
  readonly lateError?: ((waitedMs: number) => AsyncDiffError) | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

interface Entry<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: AsyncDiffError) => void;
  readonly deadline: Deadline | undefined;
  /** Forgets timer, signal and listing. */
  readonly close: () => void;
}

/** Answers that are still to come, by name: every wait for another process or thread is made here, has an end, and can be listed. */
export class Pending<T> {
  readonly #open = new Map<string, Entry<T>>();

  get size(): number {
    return this.#open.size;
  }

  has(key: string): boolean {
    return this.#open.has(key);
  }

  /** Resolves or rejects with what is told under this key; an older wait for it ends as `cancelled`. */
  wait(key: string, options: WaitOptions): Promise<T> {
    const { what, withinMs, signal } = options;
    if (signal?.aborted === true) return Promise.reject(AsyncDiffError.from(signal.reason, 'cancelled'));
    this.reject(key, new AsyncDiffError('cancelled', `${what}: waited for anew`));
    return new Promise<T>((resolve, reject) => {
      const listed: OpenWait = { what, sinceMs: performance.now(), withinMs };
      const late = (): void => {
        const waitedMs = performance.now() - listed.sinceMs;
        this.reject(key, options.lateError?.(waitedMs) ?? lateError(what, waitedMs));
      };
      const onAbort = (): void => {
        this.reject(key, AsyncDiffError.from(signal?.reason, 'cancelled'));
      };
      const deadline = withinMs === undefined ? undefined : new Deadline(withinMs, late);
      signal?.addEventListener('abort', onAbort, { once: true });
      addWait(listed);
      const close = (): void => {
        deadline?.clear();
        signal?.removeEventListener('abort', onAbort);
        removeWait(listed);
      };
      this.#open.set(key, { resolve, reject, deadline, close });
    });
  }

  /** There was progress: the time of the wait begins anew. False if nobody waits. */
  extend(key: string, withinMs?: number): boolean {
    const entry = this.#open.get(key);
    entry?.deadline?.extend(withinMs);
    return entry !== undefined;
  }

  extendAll(): void {
    for (const { deadline } of this.#open.values()) deadline?.extend();
  }

  /** False if nobody waits: what comes late does nothing. */
  resolve(key: string, value: T): boolean {
    const entry = this.#take(key);
    entry?.resolve(value);
    return entry !== undefined;
  }

  reject(key: string, error: AsyncDiffError): boolean {
    const entry = this.#take(key);
    entry?.reject(error);
    return entry !== undefined;
  }

  rejectAll(error: AsyncDiffError): void {
    for (const key of this.#open.keys()) this.reject(key, error);
  }

  #take(key: string): Entry<T> | undefined {
    const entry = this.#open.get(key);
    this.#open.delete(key);
    entry?.close();
    return entry;
  }
}

function lateError(what: string, waitedMs: number): AsyncDiffError {
  return new AsyncDiffError('deadline_exceeded', `${what}: not in ${(waitedMs / 1000).toFixed(1)} s`);
}
