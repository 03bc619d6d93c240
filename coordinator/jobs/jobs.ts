import { AsyncDiffError } from '../../common/errors/index.js';
import { stackOf } from '../../common/wire-error.js';
import { clockMs } from '../../execution/index.js';
import type { CoordinatorLog } from '../log.js';
import { JobQueue } from './job-queue.js';
import type { JobEvent, JobRecord, NewJob } from './job-record.js';
import { JobRecords } from './job-records.js';
import type { JobStore } from './job-store.js';
import type { JobMetrics } from './job-metrics.js';
import { Phases } from './phases.js';

interface JobsOptions {
  readonly maxQueued: number;
  readonly metrics: JobMetrics;
  readonly log: CoordinatorLog;
  /** Default: in memory. */
  readonly store?: JobStore | undefined;
}

/** A job whose turn has come, for the one who does it. */
export interface RunningJob {
  readonly jobId: string;
  /** Tells the client. */
  emit(event: Omit<JobEvent, 'jobId'>): void;
  /** Resolves when the client has room for more tensors; undefined where it has. */
  room(): Promise<void> | undefined;
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal;
  /** What it does at the coordinator, for the trace. */
  readonly phases: Phases;
  /** For the log: the job is spread like this. */
  planned(fields: object): void;
  /** An attempt was lost; `isGivenUp`: and the job with it. */
  lost(error: AsyncDiffError, isGivenUp: boolean): void;
}

/** Every job: its place in the queue, its record, and what the log and the metrics are told of it. */
export class Jobs {
  readonly #queue: JobQueue;
  readonly #store: JobStore;
  readonly #metrics: JobMetrics;
  readonly #log: CoordinatorLog;

  constructor({ maxQueued, metrics, log, store = new JobRecords() }: JobsOptions) {
    this.#queue = new JobQueue(maxQueued);
    this.#store = store;
    this.#metrics = metrics;
    this.#log = log;
  }

  get queued(): number {
    return this.#queue.queued;
  }

  get running(): number {
    return this.#queue.running;
  }

  /**
   * Queues a job; how it goes and ends is in the record that it returns.
   *
   * @param signal cancels it when aborted
   * @param work what is done when its turn has come; gives its `done` event
   * @throws AsyncDiffError `invalid_settings` for an id that cannot be
   */
  submit(
    job: NewJob,
    signal: AbortSignal,
    work: (running: RunningJob) => Promise<Omit<JobEvent, 'jobId'>>,
  ): JobRecord {
    const record = this.#store.open(job);
    void this.#run(record, signal, work);
    return record;
  }

  get(jobId: string, owner: string): JobRecord {
    return this.#store.get(jobId, owner);
  }

  list(owner: string): JobRecord[] {
    return this.#store.list(owner);
  }

  /** Cancels a job, queued or running; false if there is none of that name, or it is over, or somebody else's. */
  cancel(jobId: string, owner: string): boolean {
    const isOwn = this.#store.list(owner).some((record) => record.jobId === jobId);
    return isOwn && this.#queue.cancel(jobId);
  }

  /** Takes no more jobs: those that wait, and those that come, fail with `error`. The running one goes on. */
  close(error: AsyncDiffError): void {
    this.#queue.close(error);
  }

  /** Cancels the running job. */
  abort(error: AsyncDiffError): void {
    this.#queue.abort(error);
  }

  /** Never rejects: how it ends is in the record. */
  async #run(
    record: JobRecord,
    signal: AbortSignal,
    work: (running: RunningJob) => Promise<Omit<JobEvent, 'jobId'>>,
  ): Promise<void> {
    const { jobId, kind, client } = record;
    const about = { job: jobId, kind, client };
    const phases = new Phases();
    const submittedMs = clockMs();
    try {
      const onPosition = (position: number): void => {
        if (position > 0 && record.last('queued') === undefined)
          this.#log.info({ ...about, ahead: position }, 'job queued');
        record.emit({ queued: { position } });
        this.#metrics.queued(this.#queue.queued);
      };
      const done = await this.#queue.run(jobId, signal, onPosition, async (running) => {
        record.start();
        phases.add('queue', submittedMs);
        this.#metrics.jobStarted(record.waitedSeconds);
        this.#log.info({ ...about, waited_seconds: record.waitedSeconds }, 'job started');
        return work({
          jobId,
          signal: running,
          phases,
          emit: (event) => record.emit(event),
          room: () => record.room(),
          planned: (fields) => this.#log.info({ job: jobId, ...fields }, 'job planned'),
          lost: (error, isGivenUp) => {
            record.losses += 1;
            const step = record.last('progress')?.progress?.step ?? 0;
            this.#log.warn(
              { job: jobId, step, reason: error.message, given_up: isGivenUp },
              'job lost an attempt',
            );
          },
        });
      });
      record.end({ done });
    } catch (error) {
      record.end({ error: AsyncDiffError.from(error) });
    }
    this.#ended(record);
  }

  #ended(record: JobRecord): void {
    const { jobId, kind, client, state, error, losses } = record;
    const fields = {
      job: jobId,
      kind,
      client,
      outcome: state,
      seconds: record.ranSeconds,
      waited_seconds: record.waitedSeconds,
      losses,
      ...(error === undefined ? {} : { reason: error.message }),
      // A fault of the program: where it came from is what a report needs.
      ...(error?.code === 'internal' ? { stack: stackOf(error) } : {}),
    };
    if (state === 'failed') this.#log.warn(fields, 'job ended');
    else this.#log.info(fields, 'job ended');
    this.#metrics.jobEnded(error?.code ?? 'done', kind, record.ranSeconds);
    this.#metrics.queued(this.#queue.queued);
  }
}
