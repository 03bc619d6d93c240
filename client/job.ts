import { AsyncDiffError } from '../common/errors/index.js';
import type { JobEvent, JobResult } from './job-event.js';

/** What a job does on the wire. */
export interface JobLink {
  readonly jobId: string;
  /** The job's events, in order, with `done` as the last. Aborting `signal` ends the call. */
  readonly events: (signal: AbortSignal) => AsyncIterable<JobEvent>;
  readonly cancel: () => Promise<boolean>;
}

/**
 * A job on a coordinator. It begins when it is made, whether or not its events are read:
 *
 *     await using job = client.generate({ prompt: 'red apple' });
 *     for await (const event of job) if (event.type === 'progress') console.log(event.step, event.steps);
 *     const { images } = await job.result();
 *
 * A loop that is left before `done` cancels the job, as does leaving the block of `await using`. One that is detached, or
 * that was attached to, goes on without.
 */
export class Job implements AsyncIterable<JobEvent>, AsyncDisposable {
  /** Names the job at its coordinator, and cannot be guessed: whoever has it may attach to the job and cancel it. */
  readonly id: string;
  readonly #link: JobLink;
  readonly #stop = new AbortController();
  readonly #events: AsyncIterator<JobEvent>;
  /** Read while a loop was open, and not taken by it yet. */
  #ahead: JobEvent[] = [];
  #looping = false;
  #reading: Promise<void> | undefined;
  #result: JobResult | undefined;
  #error: AsyncDiffError | undefined;

  /** Jobs are made by the client's `generate`, `denoise` and `attach`. */
  constructor(link: JobLink) {
    this.id = link.jobId;
    this.#link = link;
    this.#events = link.events(this.#stop.signal)[Symbol.asyncIterator]();
  }

  /**
   * The finished job: pictures, latents, report. It may be asked before, while and after the events are read.
   *
   * @throws AsyncDiffError what the job failed with, `cancelled`, or `coordinator_unreachable`
   */
  async result(): Promise<JobResult> {
    while (this.#result === undefined) {
      if (this.#error !== undefined) throw this.#error;
      await this.#read();
    }
    return this.#result;
  }

  /** Cancels the job at its next round, wherever it stands; false if it had ended. */
  cancel(): Promise<boolean> {
    return this.#link.cancel();
  }

  /** Events from here on; one loop at a time. A loop that begins when all is over gets `done` only. */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent, void, undefined> {
    if (this.#looping) {
      throw new AsyncDiffError('usage', `job ${this.id} is read by another loop`, {
        hint: 'Read its events in one loop; result() may be awaited anywhere.',
      });
    }
    this.#looping = true;
    try {
      for (;;) {
        const event = this.#ahead.shift() ?? this.#result;
        if (event !== undefined) yield event;
        else if (this.#error !== undefined) throw this.#error;
        else await this.#read();
        if (event?.type === 'done') return;
      }
    } finally {
      this.#looping = false;
      this.#ahead = [];
      this.#leave();
    }
  }

  /** Ends what is left of the job, and of its call. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    while (!this.#ended) await this.#read();
  }

  get #ended(): boolean {
    return this.#result !== undefined || this.#error !== undefined;
  }

  #leave(): void {
    if (!this.#ended) this.#stop.abort(new AsyncDiffError('cancelled', `job ${this.id} was left`));
  }

  /** Reads one event, for everybody who waits for one. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOne().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOne(): Promise<void> {
    try {
      const { value, done } = await this.#events.next();
      if (done === true)
        throw new AsyncDiffError('protocol_mismatch', `job ${this.id} ended without a result`);
      if (this.#looping) this.#ahead.push(value);
      if (value.type === 'done') this.#result = value;
    } catch (error) {
      this.#error = AsyncDiffError.from(error);
    }
  }
}
