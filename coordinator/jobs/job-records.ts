import { randomUUID } from 'node:crypto';
import { AsyncDiffError } from '../../common/errors/index.js';
import { JobRecord, type NewJob } from './job-record.js';
import type { JobStore } from './job-store.js';

/** Results that wait for whoever attaches: so many, and so much memory, the oldest go first. */
const MAX_KEPT_JOBS = 64;
const MAX_KEPT_BYTES = 128 * 1024 * 1024;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Every job that waits or runs, and the last ones that ended, by id: an id cannot be guessed, and only its owner may follow or cancel it. */
export class JobRecords implements JobStore {
  readonly #records = new Map<string, JobRecord>();

  open(job: NewJob): JobRecord {
    const { jobId } = job;
    if (jobId !== '' && !UUID.test(jobId)) {
      throw new AsyncDiffError(
        'invalid_settings',
        `job_id is "${jobId.slice(0, 64)}", not a version 4 UUID`,
        {
          hint: 'Leave job_id empty, or give a random UUID of version 4 in lower case.',
        },
      );
    }
    if (this.#records.has(jobId)) {
      throw new AsyncDiffError('invalid_settings', `there is a job ${jobId} already`, {
        hint: 'Follow it with AttachJob, or submit this one under an id of its own.',
      });
    }
    this.#trim();
    const record = new JobRecord({ ...job, jobId: jobId === '' ? randomUUID() : jobId });
    this.#records.set(record.jobId, record);
    return record;
  }

  get(jobId: string, owner: string): JobRecord {
    const record = this.#records.get(jobId);
    if (record === undefined || record.owner !== owner) {
      throw new AsyncDiffError('job_not_found', `there is no job "${jobId.slice(0, 64)}"`);
    }
    return record;
  }

  list(owner: string): JobRecord[] {
    return [...this.#records.values()].filter((record) => record.owner === owner).reverse();
  }

  #trim(): void {
    const ended = [...this.#records.values()].filter((record) => record.ended).reverse();
    let bytes = 0;
    for (const [index, record] of ended.entries()) {
      bytes += record.resultBytes;
      if (index >= MAX_KEPT_JOBS || bytes > MAX_KEPT_BYTES) this.#records.delete(record.jobId);
    }
  }
}
