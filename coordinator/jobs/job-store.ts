import type { JobRecord, NewJob } from './job-record.js';

/** Where jobs are kept that wait, run or have ended lately. In memory here; a database would stand behind the same calls. */
export interface JobStore {
  /**
   * A record for a new job. Throws `invalid_settings` for an id of another form, or one that is known.
   */
  open(job: NewJob): JobRecord;
  /** Throws `job_not_found`, also for a job of somebody else: that it exists is not told either. */
  get(jobId: string, owner: string): JobRecord;
  /** Those of one owner, the newest first. */
  list(owner: string): JobRecord[];
}
