import type { AsyncDiffError } from '../../common/errors/index.js';
import { checkLimit, LIMITS } from '../../common/settings/index.js';
import type { JobEvent } from '../../rpc/gen/asyncdiff/v1/JobEvent.js';
import { bytesOf, Follower, LATEST_KINDS, type SendEvent } from './follower.js';
import { checkJobMove, type JobState } from './job-state.js';

/** Warnings kept for whoever attaches later. */
const MAX_KEPT_WARNINGS = 16;

/** What happens to a job, as its clients hear it. */
export type { JobEvent };

type Outcome = { readonly done: JobEvent } | { readonly error: AsyncDiffError };

/** What is known of a job before it begins. */
export interface NewJob {
  /** A version 4 UUID; one is made where it is empty. */
  readonly jobId: string;
  readonly kind: 'generate' | 'denoise' | 'run';
  /** Id of the caller that submits it; empty where callers are not told apart. */
  readonly owner: string;
  /** Who that is, for people: its key's name, or where it calls from. */
  readonly client: string;
  /** What the items of its list give is kept for whoever follows later. */
  readonly keepsOutputs?: boolean | undefined;
}

/** What a job has told so far, of each kind the last, how it stands, and who follows it. */
export class JobRecord {
  readonly jobId: string;
  readonly kind: NewJob['kind'];
  readonly owner: string;
  readonly client: string;
  readonly submittedAt = new Date();
  startedAt: Date | undefined;
  endedAt: Date | undefined;
  /** Attempts that ended with the loss of a worker or a link. */
  losses = 0;
  #state: JobState = 'queued';
  readonly #keepsOutputs: boolean;
  readonly #outputs: JobEvent[] = [];
  #outputBytes = 0;
  readonly #followers = new Set<Follower>();
  readonly #warnings: JobEvent[] = [];
  readonly #last = new Map<(typeof LATEST_KINDS)[number], JobEvent>();
  #outcome: Outcome | undefined;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};

  constructor({ jobId, kind, owner, client, keepsOutputs = false }: NewJob) {
    this.jobId = jobId;
    this.kind = kind;
    this.owner = owner;
    this.client = client;
    this.#keepsOutputs = keepsOutputs;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get state(): JobState {
    return this.#state;
  }

  /** Why there is no result; undefined for a job that has one, or is not over. */
  get error(): AsyncDiffError | undefined {
    return this.#outcome !== undefined && 'error' in this.#outcome ? this.#outcome.error : undefined;
  }

  /** Seconds from the submission to the start, or until now. */
  get waitedSeconds(): number {
    const until = this.startedAt ?? this.endedAt ?? new Date();
    return (until.getTime() - this.submittedAt.getTime()) / 1000;
  }

  /** Seconds from the start to the end, or until now; 0 for a job that never began. */
  get ranSeconds(): number {
    if (this.startedAt === undefined) return 0;
    return ((this.endedAt ?? new Date()).getTime() - this.startedAt.getTime()) / 1000;
  }

  /** The last event of a kind. */
  last(kind: 'queued' | 'planned' | 'progress'): JobEvent | undefined {
    return this.#last.get(kind);
  }

  /** Its turn has come. */
  start(): void {
    this.#go('running');
    this.startedAt = new Date();
  }

  /** Resolves when it is over. */
  get whenEnded(): Promise<void> {
    return this.#ended;
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  /** Memory that the result takes. */
  get resultBytes(): number {
    if (this.#outcome === undefined || 'error' in this.#outcome) return 0;
    const {
      images = [],
      audio = [],
      latents,
      jointLatents,
      states,
      trace = '',
    } = this.#outcome.done.done ?? {};
    const named = [...Object.values(jointLatents ?? {}), ...Object.values(states ?? {})].map(
      ({ data }) => data ?? '',
    );
    const parts = [...images, ...audio, latents?.data ?? '', ...named].map((part) => part.length);
    return parts.reduce((sum, bytes) => sum + bytes, trace.length + this.#outputBytes);
  }

  /**
   * Tells the followers, and remembers what a later one needs: not the tensors of every step, for which there is {@link room}.
   * @throws AsyncDiffError `limit_exceeded` for outputs that are to be kept and take too much
   */
  emit(event: Omit<JobEvent, 'jobId'>): void {
    if (this.ended) return;
    const whole: JobEvent = { jobId: this.jobId, ...event };
    if (event.warning) {
      this.#warnings.push(whole);
      if (this.#warnings.length > MAX_KEPT_WARNINGS) this.#warnings.shift();
    }
    if (event.itemOutputs && this.#keepsOutputs) this.#keep(whole);
    for (const kind of LATEST_KINDS) if (event[kind]) this.#last.set(kind, whole);
    for (const follower of this.#followers) follower.push(whole);
  }

  /** Resolves when every follower has room for more tensors; undefined where all have. */
  room(): Promise<void> | undefined {
    const full = [...this.#followers].flatMap((follower) => follower.room() ?? []);
    return full.length === 0 ? undefined : Promise.all(full).then(() => undefined);
  }

  /** The job's last word: its `done` event, or why there is none. */
  end(outcome: { readonly done: Omit<JobEvent, 'jobId'> } | { readonly error: AsyncDiffError }): void {
    if (this.ended) return;
    const isCancelled = 'error' in outcome && outcome.error.code === 'cancelled';
    this.#go('error' in outcome ? (isCancelled ? 'cancelled' : 'failed') : 'done');
    this.endedAt = new Date();
    this.#outcome = 'error' in outcome ? outcome : { done: { jobId: this.jobId, ...outcome.done } };
    this.#last.delete('preview');
    this.#end();
  }

  #keep(event: JobEvent): void {
    this.#outputBytes += bytesOf(event);
    checkLimit('keptOutputBytes', this.#outputBytes, 'what the run gives');
    this.#outputs.push(event);
  }

  #go(next: JobState): void {
    checkJobMove(this.#state, next);
    this.#state = next;
  }

  /**
   * Sends where the job stands, then what happens, until it ends or `signal` is aborted.
   *
   * @param stallMs so long a follower may read nothing
   * @throws AsyncDiffError what the job failed with; `deadline_exceeded` for a follower that reads nothing
   */
  async follow(
    send: SendEvent,
    signal: AbortSignal,
    stallMs: number = LIMITS.clientStallMs.max,
  ): Promise<void> {
    let leave: () => void = () => {};
    let stalled: AsyncDiffError | undefined;
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) resolve();
    });
    const follower = new Follower(send, stallMs, (error) => {
      stalled = error;
      leave();
    });
    const before = [...this.#warnings, ...this.#outputs];
    for (const event of [...before, ...LATEST_KINDS.flatMap((kind) => this.#last.get(kind) ?? [])])
      follower.push(event);
    this.#followers.add(follower);
    try {
      await Promise.race([this.#ended, gone]);
      if (this.#outcome !== undefined && 'done' in this.#outcome) follower.push(this.#outcome.done);
      await Promise.race([follower.drained(), gone]);
    } finally {
      signal.removeEventListener('abort', leave);
      this.#followers.delete(follower);
      follower.close();
    }
    if (stalled !== undefined) throw stalled;
    if (this.#outcome !== undefined && 'error' in this.#outcome) throw this.#outcome.error;
  }
}
