import type { AsyncDiffError } from '../../common/errors/index.js';
import type { JobEvent } from '../../rpc/gen/asyncdiff/v1/JobEvent.js';

/** Warnings kept for whoever attaches later. */
const MAX_KEPT_WARNINGS = 16;

/** Takes one event; resolves when the network has it, or the follower is gone. */
export type SendEvent = (event: JobEvent) => Promise<void>;

type Outcome = { readonly done: JobEvent } | { readonly error: AsyncDiffError };

/** What a job has told so far, of each kind the last, and who follows it. */
export class JobRecord {
  readonly jobId: string;
  /** Id of the caller that submitted it; empty where callers are not told apart. */
  readonly owner: string;
  readonly #followers = new Set<SendEvent>();
  readonly #warnings: JobEvent[] = [];
  readonly #last = new Map<'queued' | 'planned' | 'preview' | 'progress', JobEvent>();
  #outcome: Outcome | undefined;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};

  constructor(jobId: string, owner = '') {
    this.jobId = jobId;
    this.owner = owner;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  /** Memory that the result takes. */
  get resultBytes(): number {
    if (this.#outcome === undefined || 'error' in this.#outcome) return 0;
    const { images = [], latents, trace = '' } = this.#outcome.done.done ?? {};
    const parts = [...images, latents?.data ?? ''].map((part) => part.length);
    return parts.reduce((sum, bytes) => sum + bytes, trace.length);
  }

  /** Tells the followers, and remembers what a later one needs: not the tensors of every step. */
  emit(event: Omit<JobEvent, 'jobId'>): void {
    if (this.ended) return;
    const whole: JobEvent = { jobId: this.jobId, ...event };
    if (event.warning) {
      this.#warnings.push(whole);
      if (this.#warnings.length > MAX_KEPT_WARNINGS) this.#warnings.shift();
    }
    for (const kind of ['queued', 'planned', 'preview', 'progress'] as const)
      if (event[kind]) this.#last.set(kind, whole);
    for (const send of this.#followers) void send(whole);
  }

  /** The job's last word: its `done` event, or why there is none. */
  end(outcome: { readonly done: Omit<JobEvent, 'jobId'> } | { readonly error: AsyncDiffError }): void {
    if (this.ended) return;
    this.#outcome = 'error' in outcome ? outcome : { done: { jobId: this.jobId, ...outcome.done } };
    this.#last.delete('preview');
    this.#end();
  }

  /**
   * Sends where the job stands, then what happens, until it ends or `signal` is aborted.
   *
   * @throws AsyncDiffError what the job failed with
   */
  async follow(send: SendEvent, signal: AbortSignal): Promise<void> {
    const last = ['queued', 'planned', 'preview', 'progress'] as const;
    for (const event of [...this.#warnings, ...last.flatMap((kind) => this.#last.get(kind) ?? [])])
      void send(event);
    this.#followers.add(send);
    let left: () => void = () => {};
    try {
      const gone = new Promise<void>((resolve) => {
        left = resolve;
        signal.addEventListener('abort', left, { once: true });
        if (signal.aborted) resolve();
      });
      await Promise.race([this.#ended, gone]);
    } finally {
      signal.removeEventListener('abort', left);
      this.#followers.delete(send);
    }
    if (this.#outcome === undefined) return;
    if ('error' in this.#outcome) throw this.#outcome.error;
    await send(this.#outcome.done);
  }
}
