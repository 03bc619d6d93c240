import type { JobRecord } from './job-record.js';

/** A job as ListJobs shows it. */
export function jobSummary(record: JobRecord) {
  const { step = 0, steps = 0 } = record.last('progress')?.progress ?? {};
  const { workers = 0 } = record.last('planned')?.planned ?? {};
  return {
    jobId: record.jobId,
    kind: record.kind,
    client: record.client,
    state: record.state,
    submittedAtMs: record.submittedAt.getTime(),
    waitedSeconds: record.waitedSeconds,
    ranSeconds: record.ranSeconds,
    ahead: record.state === 'queued' ? (record.last('queued')?.queued?.position ?? 0) : 0,
    step,
    steps,
    workers,
    losses: record.losses,
    errorCode: record.error?.code ?? '',
    errorMessage: record.error?.rawMessage ?? '',
  };
}
